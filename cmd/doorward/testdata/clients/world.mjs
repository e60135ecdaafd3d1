// What the console's pages have to show: an installation in the middle of its day, made by the REST API, so that a test of one
// page does not hang on others.

// Names that people gave, or that somebody gave who means harm.
const friendly = (name) => name;
export const hostile = (name) => `${name} <img src=x onerror=alert(1)></bdi> שלום.exe 👩‍👩‍👧‍👦 {{.}} ${'w'.repeat(20)}`;

export const manager = 'manager@example.com';
const accounts = '/iam/v1/accounts/default';
const repo = (level) => `/iam/v1/repo/${level}/default`;

// caller makes requests to the gateway by one credential.
export const caller = (gateway, authorization) => async (method, path, body) => {
  const response = await fetch(gateway.url + path, {
    method, headers: { authorization, 'content-type': 'application/json' }, body: body && JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
};

// managersToken is that of somebody who manages people and policies, which no classic token does.
export const managersToken = (gateway) => gateway.run('token', 'create', '--name', 'manager', '--kind', 'platform', '--owner', manager,
  '--scope', 'account-idm-read,account-idm-write,iam-policies-management,account-env-read');

// furnish gives the identifiers of what it made, and the credentials of the people.
export async function furnish(gateway, named = friendly) {
  const credentials = { administrator: gateway.administrator, manager: managersToken(gateway), support: supportsToken(gateway, 'john.smith@example.com') };
  const tokens = caller(gateway, `Api-Token ${credentials.administrator}`);
  const people = caller(gateway, `Bearer ${credentials.manager}`);
  return { credentials, ...await someTokens(tokens, named), ...await somePeople(people, named), ...await someSupport(gateway, tokens, credentials), ...await someTraffic(gateway, tokens) };
}

async function someTokens(call, named) {
  await call('PUT', '/api/doorward/v1/tokenSettings', { personalAccessTokens: true });
  const made = async (body) => (await call('POST', '/api/v2/apiTokens', body)).id;
  const token = await made({ name: named('Metrics of the shop'), scopes: ['metrics.read', 'metrics.ingest', 'logs.read'], expirationDate: 'now+90d' });
  const off = await made({ name: named('Last year’s import'), scopes: ['DataExport'], expirationDate: 'now+3d' });
  await call('PUT', `/api/v2/apiTokens/${off}`, { enabled: false });
  const paas = await made({ name: named('Installer'), scopes: ['InstallerDownload', 'SupportAlert'], expirationDate: 'now+5d' });
  const personal = await made({ name: named('My notebook'), scopes: ['metrics.read'], personalAccessToken: true, expirationDate: 'now+7d' });
  for (let i = 0; i < 8; i++) await made({ name: named(`Exporter ${i + 1}`), scopes: ['metrics.ingest', 'events.ingest'], expirationDate: `now+${20 * (i + 1)}d` });
  const activeGate = (await call('POST', '/api/v2/activeGateTokens', { name: 'Vienna', activeGateType: 'ENVIRONMENT', expirationDate: 'now+60d' })).id;
  const client = (await call('POST', `${accounts}/oauth2-clients`, {
    name: named('Nightly report'), description: named('Reads settings at night'), owner: 'ann@example.com', scopes: ['account-idm-read', 'settings:objects:read'],
  })).clientId;
  return { token, off, personal, paas, activeGate, client };
}

async function somePeople(call, named) {
  const [it, sales] = await call('POST', `${accounts}/groups`, [{ name: named('IT'), description: named('Everything runs because of them') }, { name: named('Sales') }]);
  const user = (await call('POST', `${accounts}/users`, { email: 'ann@example.com' })).uid;
  await call('POST', `${accounts}/users`, { email: 'bob@example.com' });
  await call('POST', `${accounts}/users/ann@example.com`, [it.uuid]);
  await call('POST', `${accounts}/users/bob@example.com`, [sales.uuid]);
  const serviceUser = (await call('POST', `${accounts}/service-users`, { name: named('Pipeline'), description: named('Deploys') })).uuid;
  const builtIn = (await call('GET', '/iam/v1/repo/global/global/policies')).policies[0].uuid;
  const policy = (await call('POST', `${repo('environment')}/policies`, {
    name: named('Alerting of the shop'), description: named('Alerting profiles, and nothing else'),
    statementQuery: 'ALLOW settings:schemas:read;\nALLOW settings:objects:read, settings:objects:write\n  WHERE settings:schemaId = "builtin:alerting.profile";',
  })).uuid;
  const account = (await call('POST', `${repo('account')}/policies`, { name: named('Settings Reader'), description: '', statementQuery: 'ALLOW settings:objects:read;' })).uuid;
  const boundary = (await call('POST', `${repo('account')}/boundaries`, { name: named('Only problems'), boundaryQuery: 'settings:schemaId = "builtin:alerting.profile";' })).uuid;
  await call('POST', `${repo('environment')}/bindings/${policy}/${it.uuid}`, {});
  await call('POST', `${repo('account')}/bindings/${account}/${sales.uuid}`, { boundaries: [boundary] });
  return { group: it.uuid, sales: sales.uuid, serviceUser, policy, builtIn, accountPolicy: account, boundary, user };
}

// supportsToken is that of a member of the vendor's staff.
export const supportsToken = (gateway, owner) => gateway.run('token', 'create', '--staff', '--name', 'support', '--owner', owner, '--scope', 'metrics.read');

// someSupport has one request that waits, one that was approved, and an emergency that nobody has reviewed.
async function someSupport(gateway, call, { support }) {
  await call('PUT', '/api/doorward/v1/remoteAccess/setting', { setting: 'approved' });
  const ask = async (token, body) => (await caller(gateway, `Api-Token ${token}`)('POST', '/api/doorward/v1/remoteAccess/ownRequests', body)).requestId;
  const accepted = await ask(supportsToken(gateway, 'mary@example.com'), { role: 'devops-viewer', requestedDays: 2, reason: 'SUP-123450 Looking at a slow page' });
  await call('PUT', `/api/cluster/v2/remoteaccess/requests/${accepted}/state`, { state: 'ACCEPTED' });
  const pending = await ask(support, { role: 'devops-user', requestedDays: 5, reason: 'SUP-123456 Verifying metrics after upgrade' });
  const emergency = (await caller(gateway, `Api-Token ${supportsToken(gateway, 'jane@example.com')}`)('POST', '/api/doorward/v1/remoteAccess/breakGlass', {
    role: 'devops-viewer', minutes: 10, reason: 'SUP-123457 Nothing answers',
  })).requestId;
  return { pending, accepted, emergency, role: 'devops-user' };
}

// someTraffic is admitted, refused, and in the log.
async function someTraffic(gateway, call) {
  const metrics = `${gateway.url}/api/v2/metrics/query?metricSelector=builtin:host.cpu.usage`;
  const reader = await call('POST', '/api/v2/apiTokens', { name: 'Reader', scopes: ['metrics.read'], expirationDate: 'now+30d' });
  for (let i = 0; i < 30; i++) {
    const authorization = i % 5 ? { authorization: `Api-Token ${reader.token}` } : {};
    await (await fetch(i % 7 ? metrics : `${gateway.url}/api/v2/logs/search`, { headers: authorization })).arrayBuffer();
  }
  const event = (await call('GET', '/api/v2/auditlogs?pageSize=1')).auditLogs[0].logId;
  return { reader: reader.id, event };
}
