// Groups, policies and bindings by clicking, until the gate admits a user's request with the condition and refuses it without;
// and remote access, from the setting to a request of the vendor's staff. What happened is in the events, and explained.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { confirmed, signIn, startBrowser, watch } from './browser.mjs';
import { emergencies, startGateway, until } from './gateway.mjs';
import { answer } from './pages.mjs';
import { managersToken, supportsToken } from './world.mjs';

const settings = (schema) => `/platform/classic/environment-api/v2/settings/objects?schemaIds=${schema}`;
const metrics = '/api/v2/metrics/query?metricSelector=builtin:host.cpu.usage';
const user = 'ann@example.com';
const statement = 'ALLOW settings:objects:read WHERE settings:schemaId = "builtin:alerting.profile";';
let gateway, browser, architect, administrator, page, users;
const complaints = [];

before(async () => {
  [gateway, browser] = await Promise.all([startGateway({ options: emergencies }), startBrowser()]);
  users = gateway.run('token', 'create', '--name', 'ann', '--kind', 'platform', '--owner', user, '--scope', 'settings:objects:read');
  architect = await newPage(managersToken(gateway));
  administrator = await newPage(gateway.administrator);
  page = architect;
});

after(() => Promise.all([gateway?.stop(), browser?.stop()]));

async function newPage(token) {
  const fresh = await (await browser.person()).newPage();
  complaints.push(await watch(fresh, gateway.console));
  await signIn(fresh, gateway.console, token);
  fresh.token = token;
  return fresh;
}

const open = async (path) => {
  const response = await page.goto(gateway.console + path);
  await confirmed(page, page.token);
  return response;
};
const click = (name) => answer(page, () => page.getByRole('button', { name, exact: true }).click());
const follow = async (name) => {
  await answer(page, () => page.getByRole('link', { name, exact: true }).first().click());
  await confirmed(page, page.token);
};
const fill = async (fields) => {
  for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text);
};
const request = async (authorization, path) => (await fetch(gateway.url + path, { headers: { authorization } })).status;
const users403 = (path) => until(() => request(`Bearer ${users}`, path), 403);
const users200 = (path) => until(() => request(`Bearer ${users}`, path), 200);

const tokenId = (text) => text.split('.').slice(0, 2).join('.');

test('a group and a user in it', async () => {
  await open('/groups');
  await follow('New group');
  await page.locator('#f-name').fill('Sales');
  await page.locator('#f-description').fill('Who sells');
  await click('Create the group');
  await page.getByRole('heading', { name: 'Sales' }).waitFor();
  await open('/users/new');
  await page.locator('#f-email').fill(user);
  await click('Create the user');
  await page.getByRole('heading', { name: user }).waitFor();
  await page.getByRole('checkbox', { name: 'Sales' }).check();
  await click('Add');
  await page.getByRole('link', { name: 'Sales' }).waitFor();
  assert.equal(await request(`Bearer ${users}`, settings('builtin:alerting.profile')), 403);
});

test('a policy: what is wrong is said while one types, words are completed, the Rego stands beside', async () => {
  await open('/policies/new');
  await page.locator('#f-name').fill('Alerting');
  const text = page.locator('#f-statementQuery');
  await text.fill('ALLOW settings:objects:read\nWHERE settings:shemaId = "x";');
  await page.locator('#findings li', { hasText: 'Line 2, column 7' }).first().waitFor();
  await page.locator('.gutter [class]').first().waitFor();

  await text.fill('ALLOW settings:obj');
  await page.keyboard.press('Control+Space');
  await page.getByRole('option', { name: /^settings:objects:read/ }).waitFor();
  await page.keyboard.press('ArrowDown');
  assert.ok(await text.getAttribute('aria-activedescendant'), 'the chosen completion is not told');
  await page.keyboard.press('Escape');
  await page.getByRole('listbox').waitFor({ state: 'hidden' });

  await text.fill(statement);
  await page.locator('#findings pre.rego').waitFor();
  assert.match(await page.locator('#findings pre.rego').innerText(), /builtin:alerting\.profile/);
  await page.locator('#findings [data-summary].good').waitFor();
  await click('Create the policy');
  await page.getByRole('heading', { name: 'Alerting' }).waitFor();
  await page.getByText('bound to no group').waitFor();
});

test('bound to the group it lets its members do what it says, and nothing else', async () => {
  await follow('Bind it to a group');
  await page.getByRole('checkbox', { name: 'Sales' }).check();
  await click('Show what it comes to');
  await page.locator('#bound').waitFor();
  await click('Bind');
  await users200(settings('builtin:alerting.profile'));
  assert.equal(await request(`Bearer ${users}`, settings('builtin:management-zones')), 403);
  await open('/groups');
  await follow('Sales');
  await page.getByRole('link', { name: 'Alerting' }).first().waitFor();
});

test('a boundary narrows the binding', async () => {
  await open('/boundaries/new');
  await page.locator('#f-name').fill('Elsewhere');
  await page.locator('#f-statementQuery').fill('settings:schemaId = "builtin:elsewhere";');
  await click('Create the boundary');
  await open('/bindings');
  await follow('Alerting');
  await follow('Change');
  await page.getByRole('checkbox', { name: 'Elsewhere' }).check();
  await click('Save');
  await users403(settings('builtin:alerting.profile'));
  await follow('Change');
  await page.getByRole('checkbox', { name: 'Elsewhere' }).uncheck();
  await click('Save');
  await users200(settings('builtin:alerting.profile'));
});

test('a shadow decides nothing, and says what it would have changed', async () => {
  await open('/policies');
  await follow('Alerting');
  await click('Make it a shadow');
  await users403(settings('builtin:alerting.profile'));
  await page.reload();
  await page.locator('#trial').waitFor();
  await until(async () => {
    await page.reload();
    return Number(await page.locator('dd.figure').first().innerText().catch(() => '0')) > 0 ? 1 : 0;
  }, 1);
  await click('Make it live');
  await users200(settings('builtin:alerting.profile'));
});

test('two people change one policy: the second sees the difference and loses nothing', async () => {
  await open('/policies');
  await follow('Alerting');
  const address = new URL(page.url()).pathname;
  await follow('Change');
  const second = await newPage(managersToken(gateway));
  await second.goto(`${gateway.console}${address}/edit`);
  await page.locator('#f-statementQuery').fill(`${statement}\nALLOW settings:schemas:read;`);
  await click('Save');
  const mine = `// mine\n${statement}`;
  await second.locator('#f-statementQuery').fill(mine);
  const response = await answer(second, () => second.getByRole('button', { name: 'Save', exact: true }).click());
  assert.equal(response.status(), 409);
  assert.equal(await second.locator('#f-statementQuery').inputValue(), mine);
  assert.match(await second.locator('#meanwhile').locator('..').innerText(), /ALLOW settings:schemas:read/);
  await answer(second, () => second.getByRole('button', { name: 'Save mine', exact: true }).click());
  assert.equal(new URL(second.url()).pathname, address);
  assert.match(await second.locator('main').innerText(), /mine/);
});

test('why it is as it is: the refusal is explained, and what would allow it', async () => {
  page = administrator;
  await open('/explain');
  await page.locator('#f-user').fill(user);
  await page.locator('#f-method').fill('GET');
  await page.locator('#f-target').fill('/api/v2/settings/objects?schemaIds=builtin:management-zones');
  await click('Explain');
  await page.getByRole('heading', { name: 'What would allow it' }).waitFor();
  assert.ok(await page.locator('.stages li').count() > 3);
  await page.locator('#f-target').fill('/api/v2/settings/objects?schemaIds=builtin:alerting.profile');
  await click('Explain');
  assert.match(await page.locator('#answer').innerText(), /goes on/);
  await page.locator('#asked').waitFor();
  await follow('Address of this answer');
  assert.match(await page.locator('#answer').innerText(), /goes on/);
  page = architect;
});

test('unbound, the user is refused', async () => {
  await open('/bindings');
  await follow('Alerting');
  await follow('Unbind');
  await click('Unbind');
  await users403(settings('builtin:alerting.profile'));
});

test('remote access: approved for fewer days, the staff get in; ended, they do not', async () => {
  const john = 'john.smith@example.com';
  const token = supportsToken(gateway, john);
  assert.equal(await request(`Api-Token ${token}`, metrics), 403);
  page = administrator;
  await open('/remote-access/setting');
  await page.locator('input[name="setting"][value="approved"]').check();
  await click('Save');
  await confirmed(page, page.token);
  await answer(page, () => page.locator('main form button').first().click());
  await page.getByText('Nobody has asked yet').waitFor();

  page = await newPage(token);
  await open('/remote-access/own/new');
  await page.locator('#f-role').selectOption('devops-user');
  await page.locator('#f-requestedDays').fill('5');
  await page.locator('#f-reason').fill('SUP-123456 Verifying metrics after upgrade');
  await click('Ask for access');
  await page.getByText('SUP-123456').waitFor();
  assert.equal(await request(`Api-Token ${token}`, metrics), 403);

  page = administrator;
  await open('/');
  await page.getByText(john).first().waitFor(); // what waits is said first
  await open('/remote-access');
  await follow(john);
  await page.locator('#f-role').selectOption('devops-viewer');
  await page.locator('#f-requestedDays').fill('2');
  await click('Approve');
  await page.getByText('Granted', { exact: true }).waitFor();
  assert.match(await page.locator('.facts').first().innerText(), /devops-viewer for 2 days/);
  await until(() => request(`Api-Token ${token}`, metrics), 200);

  const granted = new URL(page.url()).pathname;
  await follow('What was done');
  await page.getByText('/api/v2/metrics/query').first().waitFor();
  for (const kind of ['json', 'html', 'text']) {
    const report = await page.context().request.get(`${page.url()}/${kind}`);
    assert.equal(report.status(), 200);
    assert.match(await report.text(), /SUP-123456/);
  }
  await open(granted);
  await follow('End the access');
  await click('End the access');
  await until(() => request(`Api-Token ${token}`, metrics), 403);
});

test('remote access: granted up front, and ended with every other grant', async () => {
  const token = supportsToken(gateway, 'jane@example.com');
  await open('/remote-access/grant');
  await page.locator('#f-userId').fill('jane@example.com');
  await page.locator('#f-requestedDays').fill('3');
  await page.locator('#f-reason').fill('SUP-123458 planned upgrade');
  await answer(page, () => page.locator('main form button').first().click());
  await until(() => request(`Api-Token ${token}`, metrics), 200);
  await open('/remote-access/revoke-all');
  await click('End every grant');
  await until(() => request(`Api-Token ${token}`, metrics), 403);
});

test('remote access: taken in an emergency, and reviewed', async () => {
  const token = supportsToken(gateway, 'sue@example.com');
  page = await newPage(token);
  await open('/remote-access/own/break-glass');
  await page.locator('#f-minutes').fill('10');
  await page.locator('#f-reason').fill('SUP-123459 Nothing answers');
  await answer(page, () => page.locator('main form button').first().click());
  await until(() => request(`Api-Token ${token}`, metrics), 200);
  page = administrator;
  await open('/remote-access');
  await follow('sue@example.com');
  await follow('Review');
  await page.locator('#f-comment').fill('Looked at metrics, as agreed');
  await click('Record the review');
  await page.getByText('Looked at metrics, as agreed').first().waitFor();
});

test('the events have all of it, and their chain is what was written', async () => {
  await open('/events?since=now-10y');
  await page.getByText('The audit trail is what was written.').waitFor({ timeout: 30_000 });
  const who = { [tokenId(architect.token)]: ['Created group', 'Created policy', 'Created binding', 'Deleted binding'], 'john.smith@example.com': ['Support staff read something', 'Support staff was refused'] };
  for (const [name, done] of Object.entries(who)) {
    await page.locator('#user').fill(name);
    await click('Filter');
    const text = await page.locator('tbody').innerText();
    for (const what of done) assert.ok(text.includes(what), `${name}: no ${what} in ${text}`);
  }
  await open(`/events?since=now-10y&user=${tokenId(architect.token)}`);
  await follow('Changed policy');
  await page.getByRole('heading', { name: 'What was changed' }).waitFor();
  assert.match(await page.locator('main').innerText(), /statement/);
});

test('the browser had nothing to complain about', () => assert.deepEqual(complaints.flatMap((since) => since()), []));
