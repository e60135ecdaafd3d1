// An administrator's day with credentials, by clicking, from signing in to a request that the gate then admits or refuses.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { confirmed, desktop, phone, signIn, startBrowser, watch } from './browser.mjs';
import { startGateway, until } from './gateway.mjs';
import { answer } from './pages.mjs';
import { caller } from './world.mjs';

const metrics = '/api/v2/metrics/query?metricSelector=builtin:host.cpu.usage';
let gateway, browser, context, page, complaints;

before(async () => {
  [gateway, browser] = await Promise.all([startGateway(), startBrowser()]);
  context = await browser.person({ permissions: ['clipboard-read', 'clipboard-write'] });
  page = await context.newPage();
  complaints = await watch(page, gateway.console);
});

after(() => Promise.all([gateway?.stop(), browser?.stop()]));

const open = (path) => page.goto(gateway.console + path);
const click = (name) => answer(page, () => page.getByRole('button', { name, exact: true }).click());
const follow = (name) => answer(page, () => page.getByRole('link', { name, exact: true }).click());
const request = async (authorization, path = metrics) => (await fetch(gateway.url + path, { headers: { authorization } })).status;
const shown = (id = 'secret') => page.locator(`#${id}`).innerText();
const choose = async (...scopes) => {
  for (const scope of scopes) {
    await page.getByLabel('Search scopes').fill(scope);
    await page.locator(`[data-picker] input[value="${scope}"]`).check();
  }
};

test('signing in leads to where one wanted to go; a token that is none does not', async () => {
  await open('/tokens/new');
  assert.equal(new URL(page.url()).pathname, '/signin');
  await page.getByLabel('Token', { exact: true }).fill(`${gateway.administrator.slice(0, -1)}0`);
  assert.equal((await click('Sign in')).status(), 401);
  assert.match(await page.getByRole('alert').innerText(), /did not work/);
  await signIn(page, gateway.console, gateway.administrator, '/tokens/new');
  assert.equal(new URL(page.url()).pathname, '/tokens/new');
  const cookie = (await context.cookies()).find(({ name }) => name === '__Host-doorward');
  assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path], [true, true, 'Strict', '/']);
});

test('a token: made, copied once, used; disabled: 401; enabled: 200; deleted: 401', async () => {
  await open('/tokens/new');
  await page.getByLabel('Name', { exact: true }).fill('Shop <b>metrics</b>');
  await choose('metrics.read');
  await page.getByLabel('30 days').check();
  assert.equal((await click('Create the access token')).status(), 201);
  const text = await shown();
  assert.match(text, /^dt0c01\.[A-Z2-7]{24}\.[A-Z2-7]{64}$/);
  await page.locator('[data-copy="secret"]').click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
  assert.equal(await request(`Api-Token ${text}`), 200);
  assert.equal(await request(`Api-Token ${text}`, '/api/v2/logs/search'), 403);

  await follow('To the token');
  const here = new URL(page.url()).pathname;
  assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'Shop <b>metrics</b>');
  assert.ok(!(await page.content()).includes(text.split('.')[2]), 'the secret is shown again');
  await click('Disable');
  assert.match(await page.getByRole('status').first().innerText(), /disabled/i);
  assert.equal(await request(`Api-Token ${text}`), 401);
  await click('Undo');
  assert.equal(await request(`Api-Token ${text}`), 200);

  gateway.sql('UPDATE console_sessions SET confirmed_until = 0'); // some minutes later
  await follow('Delete');
  assert.equal(new URL(page.url()).pathname, '/confirm');
  await confirmed(page, gateway.administrator);
  await page.getByRole('heading', { name: 'Delete the token?' }).waitFor();
  await click('Delete the token');
  assert.equal(new URL(page.url()).pathname, '/tokens');
  assert.equal(await request(`Api-Token ${text}`), 401);
  assert.equal((await open(here)).status(), 404);
});

test('a token is changed, and made smaller: what it may do follows', async () => {
  const { id, token: text } = await caller(gateway, `Api-Token ${gateway.administrator}`)('POST', '/api/v2/apiTokens', { name: 'Growing', scopes: ['metrics.read'] });
  const logs = () => request(`Api-Token ${text}`, '/api/v2/logs/search');
  assert.equal(await logs(), 403);
  await open(`/tokens/${id}/edit`);
  await choose('logs.read');
  await click('Save');
  assert.equal(await logs(), 200);
  await open(`/tokens/${id}/smaller`);
  const box = (scope) => page.locator(`input[name="keep"][value="${scope}"]`);
  await box('metrics.read').check();
  await box('logs.read').uncheck();
  await click('Keep only these');
  assert.equal(await logs(), 403);
  assert.equal(await request(`Api-Token ${text}`), 200);
});

test('what is wrong with a form is said beside the field, in the words of the API, and nothing that was typed is lost', async () => {
  await open('/tokens/new');
  await page.getByLabel('Name', { exact: true }).fill('Nothing chosen');
  await page.getByLabel('Networks').fill('10.0.0.0/99');
  assert.equal((await click('Create the access token')).status(), 400);
  const field = page.getByLabel('Networks');
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  assert.match(await page.locator('#e-allowedNetworks').innerText(), /address, or a prefix/);
  assert.equal(await field.inputValue(), '10.0.0.0/99');
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Nothing chosen');
  assert.ok(await page.evaluate(() => document.activeElement.matches('[role="alert"]')), 'the focus is not at what is wrong');
});

test('a filter is an address, and what is listed is a file', async () => {
  await open('/tokens');
  await page.getByLabel('Scope', { exact: true }).fill('metrics.read');
  await click('Filter');
  const { search } = new URL(page.url());
  assert.match(search, /scope=metrics\.read/);
  const rows = page.locator('tbody tr');
  const listed = await rows.count();
  assert.ok(listed > 0);
  for (const [link, type] of [['CSV', 'text/csv'], ['JSON', 'application/json']]) {
    const href = await page.getByRole('link', { name: link, exact: true }).getAttribute('href');
    const file = await context.request.get(gateway.console + href);
    assert.ok(file.headers()['content-type'].startsWith(type));
    assert.match(file.headers()['content-disposition'], /^attachment/);
    const text = await file.text();
    assert.equal(type === 'text/csv' ? text.trim().split('\n').length - 1 : JSON.parse(text).apiTokens?.length ?? JSON.parse(text).length, listed);
  }
  await page.keyboard.press('Escape'); // leaves the filter
  await page.waitForURL(`${gateway.console}/tokens`);
  await page.getByLabel('Whose token is this?').fill(gateway.administrator);
  await click('Find');
  assert.equal(new URL(page.url()).pathname, `/tokens/${gateway.administrator.split('.').slice(0, 2).join('.')}`);
});

test('by the keyboard alone: search, choose, leave', async () => {
  await open('/tokens/new');
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('/');
  await page.keyboard.type('logs.ingest');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Space');
  assert.deepEqual(await page.locator('[data-picker] input:checked').evaluateAll((all) => all.map((box) => box.value)), ['logs.ingest']);
  assert.match(await page.locator('[data-picker-count]').innerText(), /1 chosen/);
  await page.keyboard.press('Escape');
  await Promise.all([page.waitForURL(`${gateway.console}/tokens`), page.keyboard.press('Escape')]);
});

test('on a phone the menu is opened, and Esc closes it', async () => {
  await page.setViewportSize(phone);
  await open('/tokens');
  const sections = page.getByRole('navigation', { name: 'Sections' });
  assert.ok(!await sections.isVisible());
  await page.getByRole('link', { name: 'Menu' }).click();
  await sections.waitFor();
  await page.keyboard.press('Escape');
  await sections.waitFor({ state: 'hidden' });
  await page.setViewportSize(desktop);
});

test('the overview counts what the gate does while one looks at it', async () => {
  await open('/');
  const figure = page.locator('.figure').first();
  const before = await figure.innerText();
  for (let i = 0; i < 20; i++) await request(`Api-Token ${gateway.administrator}`);
  await page.waitForFunction((old) => document.querySelector('.figure').innerText !== old, before, { timeout: 20_000 });
  const seen = await page.locator('main').innerText();
  assert.match(seen, /Refusals/);
  assert.ok(await page.locator('svg.chart title').count() > 0, 'a chart has no name');
});

test('the theme is switched without a request, and stays', async () => {
  await open('/tokens');
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole('button', { name: 'Dark' }).click();
  const dark = await ground();
  assert.notEqual(dark, light);
  await page.reload();
  assert.equal(await ground(), dark);
  await page.getByRole('button', { name: 'Light' }).click();
});

test('times are the reader’s, and exact where one looks', async () => {
  await open('/tokens');
  const time = page.locator('td[data-label="Created"] time').first();
  const at = new Date(await time.getAttribute('datetime'));
  const expected = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'Europe/Vienna' }).format(at);
  assert.equal(await time.innerText(), expected);
  assert.match(await time.getAttribute('title'), /UTC/);
});

test('a personal token: anybody makes one while the switch is on, and it may do what they may', async () => {
  const [user, entities] = ['ann@example.com', '/api/v2/entities?entitySelector=type(HOST)'];
  const own = gateway.run('token', 'create', '--name', 'ann', '--owner', user, '--scope', 'apiTokens.read,apiTokens.write,entities.read');
  const anns = await browser.person();
  const hers = await anns.newPage();
  await signIn(hers, gateway.console, own, '/personal-tokens/new');
  const make = async () => {
    await hers.getByLabel('Name', { exact: true }).fill('My notebook');
    await hers.getByLabel('Search scopes').fill('entities.read');
    await hers.getByRole('checkbox', { name: 'entities.read' }).check();
    return answer(hers, () => hers.getByRole('button', { name: 'Create the personal token' }).click());
  };
  assert.equal((await make()).status(), 400);
  assert.match(await hers.getByRole('alert').innerText(), /personal/i);
  await open('/settings');
  await follow('Turn on');
  await click('Turn personal tokens on');
  await until(async () => (await make()).status(), 201);
  const text = await hers.locator('#secret').innerText();
  // No policy grants her anything yet: she is known, and not allowed.
  assert.equal(await request(`Api-Token ${text}`, entities), 403);
  grant(user);
  await until(() => request(`Api-Token ${text}`, entities), 200);
  await open('/settings');
  await follow('Turn off');
  await click('Turn personal tokens off');
  await until(() => request(`Api-Token ${text}`, entities), 401);
  await anns.close();
});

test('a PaaS token learns the tenant token, which is rotated in three steps', async () => {
  await open('/paas-tokens/new');
  await page.getByLabel('Name', { exact: true }).fill('Installer');
  assert.equal((await click('Create the PaaS token')).status(), 201);
  const paas = await shown();
  const learned = async () => (await (await fetch(`${gateway.url}/api/v1/deployment/installer/agent/connectioninfo`, {
    headers: { authorization: `Api-Token ${paas}` },
  })).json()).tenantToken;
  const old = await learned();
  await open('/tenant-token');
  await follow('Start a rotation');
  assert.ok((await click('Start the rotation')).ok());
  const secrets = await page.locator('main code').allInnerTexts();
  await open('/tenant-token');
  assert.match(await page.locator('[aria-current="step"]').innerText(), /Roll out/);
  await follow('Finish the rotation');
  await click('Finish the rotation');
  await page.getByText('None is running').waitFor();
  const fresh = await learned();
  assert.notEqual(fresh, old);
  assert.ok(secrets.includes(fresh), 'the page of the rotation has shown another token');
});

test('an OAuth client: made, its secret shown once, a token fetched, a request admitted; deleted: 401', async () => {
  const owner = 'it@example.com';
  grant(owner);
  await open('/oauth-clients/new');
  await page.getByLabel('Name', { exact: true }).fill('nightly');
  await page.getByLabel(/^Owner/).fill(owner);
  await choose('account-idm-read', 'settings:objects:read');
  assert.equal((await click('Create the client')).status(), 201);
  const texts = await page.locator('main code').allInnerTexts();
  const secret = texts.find((text) => /^dt0s02\.[A-Z2-7]{24}\.[A-Z2-7]{64}$/.test(text));
  const id = secret.split('.').slice(0, 2).join('.');
  assert.ok(texts.includes(id));
  const fetched = await fetch(`${gateway.url}/sso/oauth2/token`, {
    method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: secret }),
  });
  assert.equal(fetched.status, 200);
  const { access_token: token } = await fetched.json();
  const settings = '/platform/classic/environment-api/v2/settings/objects?schemaIds=builtin:alerting.profile';
  await until(() => request(`Bearer ${token}`, settings), 200);
  await open(`/oauth-clients/${id}`);
  assert.ok(!(await page.content()).includes(secret.split('.')[2]), 'the secret is shown again');
  await follow('Delete');
  await answer(page, () => page.locator('main form button.danger').click());
  await until(() => request(`Bearer ${token}`, settings), 401);
});

test('without scripts: a token is made and disabled', async () => {
  const plain = await browser.person({ javaScriptEnabled: false, storageState: await context.storageState() });
  const still = await plain.newPage();
  await still.goto(`${gateway.console}/tokens/new`);
  await still.getByLabel('Name', { exact: true }).fill('No scripts');
  const box = still.locator('input[name="scopes"][value="metrics.read"]');
  await still.locator('details', { has: box }).locator('summary').click();
  await box.check();
  await still.getByRole('button', { name: 'Create the access token' }).click();
  const text = await still.locator('#secret').innerText();
  assert.equal(await request(`Api-Token ${text}`), 200);
  await still.getByRole('link', { name: 'To the token' }).click();
  await still.getByRole('button', { name: 'Disable' }).click();
  assert.equal(await request(`Api-Token ${text}`), 401);
  await plain.close();
});

test('sessions: the other one is ended; and a token that is disabled ends its own', async () => {
  const other = await browser.person();
  const elsewhere = await other.newPage();
  await signIn(elsewhere, gateway.console, gateway.administrator);
  await open('/sessions');
  await page.getByRole('button', { name: /^End the session/ }).first().waitFor();
  await click('End all others');
  await elsewhere.goto(`${gateway.console}/tokens`);
  assert.equal(new URL(elsewhere.url()).pathname, '/signin');

  const clerk = await caller(gateway, `Api-Token ${gateway.administrator}`)('POST', '/api/v2/apiTokens', { name: 'clerk', scopes: ['apiTokens.read'] });
  await signIn(elsewhere, gateway.console, clerk.token);
  await elsewhere.goto(`${gateway.console}/tokens/${clerk.id}`);
  await caller(gateway, `Api-Token ${gateway.administrator}`)('PUT', `/api/v2/apiTokens/${clerk.id}`, { enabled: false });
  await elsewhere.goto(`${gateway.console}/tokens`);
  assert.equal(new URL(elsewhere.url()).pathname, '/signin');
  await elsewhere.getByText('Your session has ended').waitFor();
  await other.close();
});

test('signing out', async () => {
  await open('/tokens');
  await click('Sign out');
  await page.getByText('You are signed out').waitFor();
  await open('/tokens');
  assert.equal(new URL(page.url()).pathname, '/signin');
});

test('the browser had nothing to complain about', () => assert.deepEqual(complaints(), []));

// grant lets a user read what is monitored, and settings, by a policy.
function grant(user) {
  gateway.run('user', 'create', user);
  gateway.run('group', 'create', user);
  gateway.run('group', 'add', user, user);
  const statement = 'ALLOW environment:roles:viewer, settings:objects:read, storage:metrics:read;';
  gateway.run('policy', 'create', '--name', user, gateway.write(user, statement));
  gateway.run('policy', 'bind', user, '--group', user);
}
