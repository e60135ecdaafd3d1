// Every page of the console, once. What holds for all pages is tested over this table, and a link to a page that is not in it
// fails the test, so a new page costs a line here and nothing else.
//
// path is where it is, which may depend on what there is (world.mjs); as is who looks at it, the administrator where it is not
// said; status is 200 where it is not said; act is what a person does there first, for pages that are the answer to a form.
// picture: docs/console/ has one of it. unsure is who has not said lately who it is.
export const pages = [
  { name: 'sign-in', picture: true, path: '/signin', as: 'stranger' },
  { name: 'sign-in-refused', path: '/signin', as: 'stranger', status: 401, act: signInWithNonsense },
  { name: 'confirm', path: '/confirm', unsure: true },
  { name: 'sessions', picture: true, path: '/sessions' },
  { name: 'not-found', path: '/no/such/page', status: 404 },
  { name: 'forbidden', path: '/tokens', as: 'manager', status: 403 },

  { name: 'tokens', picture: true, path: '/tokens' },
  { name: 'tokens-none', path: '/tokens?owner=nobody@example.com' },
  { name: 'token', picture: true, path: (made) => `/tokens/${made.token}` },
  { name: 'token-new', picture: true, path: '/tokens/new' },
  { name: 'token-new-refused', picture: true, path: '/tokens/new', status: 400, act: (page) => submit(page, 'Create the access token', { Name: 'x' }) },
  { name: 'token-created', picture: true, path: '/tokens/new', status: 201, act: createToken },
  { name: 'token-edit', path: (made) => `/tokens/${made.token}/edit` },
  { name: 'token-smaller', picture: true, path: (made) => `/tokens/${made.token}/smaller` },
  { name: 'token-delete', picture: true, path: (made) => `/tokens/${made.token}/delete` },
  { name: 'personal-tokens', picture: true, path: '/personal-tokens' },
  { name: 'personal-token', path: (made) => `/personal-tokens/${made.personal}` },
  { name: 'personal-token-new', path: '/personal-tokens/new' },
  { name: 'personal-token-edit', path: (made) => `/personal-tokens/${made.personal}/edit` },
  { name: 'personal-token-smaller', path: (made) => `/personal-tokens/${made.personal}/smaller` },
  { name: 'personal-token-delete', path: (made) => `/personal-tokens/${made.personal}/delete` },
  { name: 'paas-tokens', picture: true, path: '/paas-tokens' },
  { name: 'paas-token', path: (made) => `/paas-tokens/${made.paas}` },
  { name: 'paas-token-new', path: '/paas-tokens/new' },
  { name: 'paas-token-edit', path: (made) => `/paas-tokens/${made.paas}/edit` },
  { name: 'paas-token-smaller', path: (made) => `/paas-tokens/${made.paas}/smaller` },
  { name: 'paas-token-delete', path: (made) => `/paas-tokens/${made.paas}/delete` },
  { name: 'activegate-tokens', picture: true, path: '/activegate-tokens' },
  { name: 'activegate-token', path: (made) => `/activegate-tokens/${made.activeGate}` },
  { name: 'activegate-token-new', path: '/activegate-tokens/new' },
  { name: 'activegate-token-delete', path: (made) => `/activegate-tokens/${made.activeGate}/delete` },
  { name: 'tenant-token', picture: true, path: '/tenant-token' },
  { name: 'tenant-token-reveal', path: '/tenant-token/reveal' },
  { name: 'tenant-token-start', path: '/tenant-token/start' },
  { name: 'oauth-clients', picture: true, path: '/oauth-clients' },
  { name: 'oauth-client', picture: true, path: (made) => `/oauth-clients/${made.client}` },
  { name: 'oauth-client-new', picture: true, path: '/oauth-clients/new' },
  { name: 'oauth-client-edit', path: (made) => `/oauth-clients/${made.client}/edit` },
  { name: 'oauth-client-rotate', path: (made) => `/oauth-clients/${made.client}/rotate` },
  { name: 'oauth-client-delete', path: (made) => `/oauth-clients/${made.client}/delete` },

  { name: 'users', picture: true, path: '/users', as: 'manager' },
  { name: 'user', picture: true, path: (made) => `/users/${made.user}`, as: 'manager' },
  { name: 'user-new', path: '/users/new', as: 'manager' },
  { name: 'service-user-new', path: '/users/new-service', as: 'manager' },
  { name: 'user-delete', path: (made) => `/users/${made.user}/delete`, as: 'manager' },
  { name: 'service-users', path: '/users?kind=service', as: 'manager' },
  { name: 'service-user', path: (made) => `/users/${made.serviceUser}`, as: 'manager' },
  { name: 'service-user-edit', path: (made) => `/users/${made.serviceUser}/edit`, as: 'manager' },
  { name: 'groups', picture: true, path: '/groups', as: 'manager' },
  { name: 'group', picture: true, path: (made) => `/groups/${made.group}`, as: 'manager' },
  { name: 'group-new', path: '/groups/new', as: 'manager' },
  { name: 'group-edit', path: (made) => `/groups/${made.group}/edit`, as: 'manager' },
  { name: 'group-delete', path: (made) => `/groups/${made.group}/delete`, as: 'manager' },
  { name: 'boundaries', picture: true, path: '/boundaries', as: 'manager' },
  { name: 'boundary', picture: true, path: (made) => `/boundaries/${made.boundary}`, as: 'manager' },
  { name: 'boundary-new', path: '/boundaries/new', as: 'manager' },
  { name: 'boundary-edit', path: (made) => `/boundaries/${made.boundary}/edit`, as: 'manager' },
  { name: 'boundary-delete', path: (made) => `/boundaries/${made.boundary}/delete`, as: 'manager' },
  { name: 'bindings', picture: true, path: '/bindings', as: 'manager' },
  { name: 'binding', picture: true, path: (made) => `/bindings/account/${made.accountPolicy}/${made.sales}`, as: 'manager' },
  { name: 'binding-change', path: (made) => `/bindings/account/${made.accountPolicy}/${made.sales}/change`, as: 'manager' },
  { name: 'binding-unbind', path: (made) => `/bindings/account/${made.accountPolicy}/${made.sales}/unbind`, as: 'manager' },
  { name: 'binding-environment', path: (made) => `/bindings/environment:default/${made.policy}/${made.group}`, as: 'manager' },
  { name: 'binding-environment-change', path: (made) => `/bindings/environment:default/${made.policy}/${made.group}/change`, as: 'manager' },
  { name: 'binding-environment-unbind', path: (made) => `/bindings/environment:default/${made.policy}/${made.group}/unbind`, as: 'manager' },
  { name: 'binding-new', path: '/bindings/new', as: 'manager' },
  { name: 'binding-new-terms', picture: true, path: (made) => `/bindings/new?level=environment:default&policy=${made.policy}`, as: 'manager' },
  { name: 'bindings-replace', path: '/bindings/account/replace', as: 'manager' },
  { name: 'bindings-environment-replace', path: '/bindings/environment:default/replace', as: 'manager' },
  { name: 'policies', picture: true, path: '/policies', as: 'manager' },
  { name: 'policy', picture: true, path: (made) => `/policies/environment:default/${made.policy}`, as: 'manager' },
  { name: 'policy-built-in', path: (made) => `/policies/global/${made.builtIn}`, as: 'manager' },
  { name: 'policy-new', picture: true, path: '/policies/new', as: 'manager' },
  { name: 'policy-edit', picture: true, path: (made) => `/policies/environment:default/${made.policy}/edit`, as: 'manager' },
  { name: 'policy-delete', path: (made) => `/policies/environment:default/${made.policy}/delete`, as: 'manager' },
  { name: 'policy-account', path: (made) => `/policies/account/${made.accountPolicy}`, as: 'manager' },
  { name: 'policy-account-edit', path: (made) => `/policies/account/${made.accountPolicy}/edit`, as: 'manager' },
  { name: 'policy-account-delete', path: (made) => `/policies/account/${made.accountPolicy}/delete`, as: 'manager' },

  { name: 'remote-access', picture: true, path: '/remote-access' },
  { name: 'remote-access-setting', picture: true, path: '/remote-access/setting' },
  { name: 'remote-access-setting-all', path: '/remote-access/setting/all' },
  { name: 'remote-access-grant', path: '/remote-access/grant' },
  { name: 'remote-access-revoke-all', path: '/remote-access/revoke-all' },
  { name: 'remote-access-roles', picture: true, path: '/remote-access/roles' },
  { name: 'remote-access-role', path: (made) => `/remote-access/roles/${made.role}` },
  { name: 'remote-access-pending', picture: true, path: (made) => `/remote-access/requests/${made.pending}` },
  { name: 'remote-access-accepted', path: (made) => `/remote-access/requests/${made.accepted}` },
  { name: 'remote-access-report', picture: true, path: (made) => `/remote-access/requests/${made.accepted}/report` },
  { name: 'remote-access-revoke', path: (made) => `/remote-access/requests/${made.accepted}/revoke` },
  { name: 'remote-access-emergency', path: (made) => `/remote-access/requests/${made.emergency}` },
  { name: 'remote-access-review', picture: true, path: (made) => `/remote-access/requests/${made.emergency}/review` },
  { name: 'remote-access-own', path: '/remote-access/own', as: 'support' },
  { name: 'remote-access-break-glass', path: '/remote-access/own/break-glass', as: 'support' },
  { name: 'remote-access-own-new', path: '/remote-access/own/new', as: 'support' },

  { name: 'overview', picture: true, path: '/' },
  { name: 'events', picture: true, path: '/events' },
  { name: 'event', picture: true, path: (made) => `/events/${made.event}` },
  { name: 'explain', path: '/explain' },
  { name: 'explained', picture: true, path: (made) => `/explain?tokenId=${made.token}&method=GET&target=%2Fapi%2Fv2%2Fproblems` },
  { name: 'settings', picture: true, path: '/settings' },
  { name: 'settings-personal-tokens-on', path: '/settings/personal-tokens/on' },
  { name: 'settings-personal-tokens-off', path: '/settings/personal-tokens/off' },
  { name: 'health', picture: true, path: '/health' },
  // These change what the pages above show.
  { name: 'oauth-client-created', path: '/oauth-clients/new', status: 201, act: createClient },
  { name: 'policy-refused', path: '/policies/new', as: 'manager', status: 400, act: (page) => submit(page, 'Create the policy', { Name: 'x', Statements: 'ALLOW no:such;\nALLOW' }) },
  { name: 'tenant-token-rotating', picture: true, path: '/tenant-token/start', status: 200, act: startRotation },
  { name: 'tenant-token-finish', path: '/tenant-token/finish' },
  { name: 'tenant-token-cancel', path: '/tenant-token/cancel' },
];

// isGiven is whether a row is to be tested: all are, unless DOORWARD_PAGE names one.
export const isGiven = (row) => !process.env.DOORWARD_PAGE || row.name === process.env.DOORWARD_PAGE;

// pathOf is where a page is in an installation, and patternOf the form of its address in all of them.
export const pathOf = (row, made) => (typeof row.path === 'function' ? row.path(made) : row.path);
export const patternOf = (row) => {
  const path = pathOf(row, new Proxy({}, { get: () => ':any' })).split('?')[0];
  return new RegExp(`^${path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(':any', '[^/]+')}$`);
};

// submit fills fields in by their labels, and sends the form whatever the browser thinks of it: the answer is what is looked at.
async function submit(page, button, fields = {}) {
  for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text);
  await page.evaluate(() => { for (const form of document.forms) form.noValidate = true; });
  return answer(page, () => page.getByRole('button', { name: button }).click());
}

// answer is the page that an action leads to.
export async function answer(page, act) {
  const [response] = await Promise.all([page.waitForNavigation(), act()]);
  return response;
}

function signInWithNonsense(page) {
  return submit(page, 'Sign in', { Token: 'dt0c01.nothing.of.the.kind' });
}

async function createToken(page) {
  await page.getByLabel('Search scopes').fill('metrics.read');
  await page.getByRole('checkbox', { name: 'metrics.read' }).check();
  return submit(page, 'Create the access token', { Name: 'Shown once' });
}

async function createClient(page) {
  await page.getByLabel('Search scopes').fill('account-idm-read');
  await page.getByRole('checkbox', { name: 'account-idm-read' }).check();
  await page.getByLabel(/^Owner/).fill('ann@example.com');
  return submit(page, 'Create the client', { Name: 'Shown once' });
}

async function startRotation(page) {
  await submit(page, 'Start the rotation');
  return page.goto(new URL('/tenant-token', page.url()).href);
}
