// The public client for the environment API, unmodified, against Doorward: once with a platform token under the paths that the
// client has by itself, and each call for real.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import http from '@dynatrace-sdk/http-client'; // CommonJS, for Node
import environment from '@dynatrace-sdk/client-classic-environment-v2';
import { startGateway } from './gateway.mjs';

const { PlatformHttpClient } = http;
const {
  AccessTokensActiveGateTokensClient, AccessTokensApiTokensClient, AccessTokensTenantTokensClient, AuditLogsClient, isErrorEnvelopeError,
} = environment;

const owner = 'it@example.com';
const oauth = [
  'environment-api:api-tokens:read', 'environment-api:api-tokens:write', 'environment-api:activegate-tokens:read',
  'environment-api:activegate-tokens:write', 'environment-api:activegate-tokens:create', 'environment-api:tenant-token-rotation:write',
  'environment-api:audit-logs:read',
];
let running, apiTokens, activeGateTokens, tenantToken, auditLogs;

before(async () => {
  running = await startGateway();
  running.run('user', 'create', owner);
  running.run('group', 'create', 'IT');
  running.run('group', 'add', 'IT', owner);
  const statement = 'ALLOW environment:roles:viewer, environment:roles:manage-settings, storage:logs:read, settings:objects:read;';
  running.run('policy', 'create', '--name', 'IT', running.write('it.policy', statement));
  running.run('policy', 'bind', 'IT', '--group', 'IT');
  const text = running.run('token', 'create', '--name', 'sdk', '--kind', 'platform', '--owner', owner, '--scope', oauth.join(','));
  const client = new PlatformHttpClient({ baseUrl: running.url, defaultHeaders: { Authorization: `Bearer ${text}` } });
  apiTokens = new AccessTokensApiTokensClient(client);
  activeGateTokens = new AccessTokensActiveGateTokensClient(client);
  tenantToken = new AccessTokensTenantTokensClient(client);
  auditLogs = new AuditLogsClient(client);
  await heard();
});

// heard waits until the gate knows the policy that the commands above have bound: it hears of other processes from the store.
async function heard() {
  for (const end = Date.now() + 5000; ;) {
    try {
      return await apiTokens.listApiTokens({});
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

after(() => running.stop());

// refused holds that a call ends with the error that the client makes of a status and an envelope.
async function refused(call, code, message) {
  await assert.rejects(call, (error) => {
    assert.ok(isErrorEnvelopeError(error), `${error}`);
    assert.equal(error.body.error.code, code);
    assert.match(error.body.error.message + JSON.stringify(error.body.error.constraintViolations ?? ''), message);
    return true;
  });
}

test('the life of an access token', async () => {
  const created = await apiTokens.createApiToken({ body: { name: 'reader', scopes: ['logs.read'], expirationDate: 'now+1h' } });
  assert.match(created.token, /^dt0c01\.[A-Z2-7]{24}\.[A-Z2-7]{64}$/);
  assert.equal(created.id, created.token.split('.').slice(0, 2).join('.'));
  assert.ok(new Date(created.expirationDate) > new Date());

  const logs = () => fetch(`${running.url}/api/v2/logs/search`, { headers: { authorization: `Api-Token ${created.token}` } });
  assert.equal((await logs()).status, 200);

  const found = await apiTokens.getApiToken({ id: created.id });
  assert.deepEqual([found.name, found.enabled, found.owner, found.scopes], ['reader', true, owner, ['logs.read']]);
  assert.ok(new Date(found.creationDate) <= new Date());
  const lookedUp = await apiTokens.lookupApiToken({ body: { token: created.token } });
  assert.equal(lookedUp.id, created.id);

  await apiTokens.updateApiToken({ id: created.id, body: { scopes: ['logs.read', 'settings.read'] } });
  await apiTokens.updateApiToken({ id: created.id, body: { enabled: false } });
  assert.equal((await logs()).status, 401);
  assert.deepEqual((await apiTokens.getApiToken({ id: created.id })).scopes, ['logs.read', 'settings.read']);

  await apiTokens.deleteApiToken({ id: created.id });
  await assert.rejects(apiTokens.getApiToken({ id: created.id }));
});

test('listing: pages, selection, fields', async () => {
  for (let i = 0; i < 120; i++) await apiTokens.createApiToken({ body: { name: `t${i}`, scopes: ['logs.read'] } });
  const seen = [];
  let page = await apiTokens.listApiTokens({ pageSize: 100, sort: '-name', fields: '+scopes', apiTokenSelector: 'scope("metrics.ingest","logs.read"),personalAccessToken(false)' });
  for (;;) {
    seen.push(...page.apiTokens);
    if (!page.nextPageKey) break;
    page = await apiTokens.listApiTokens({ nextPageKey: page.nextPageKey });
  }
  const names = seen.map((t) => t.name);
  assert.equal(page.totalCount, seen.length);
  assert.deepEqual(names, names.toSorted().toReversed());
  assert.equal(names.filter((name) => /^t\d+$/.test(name)).length, 120);
  assert.ok(seen.every((t) => t.scopes.includes('metrics.ingest') || t.scopes.includes('logs.read')));
});

test('what is refused comes as the client’s own errors', async () => {
  await refused(apiTokens.createApiToken({ body: { name: '', scopes: ['no.such.scope'] } }), 400, /name.*scopes|scopes.*name/s);
  await refused(apiTokens.createApiToken({ body: { name: 'more', scopes: ['metrics.read'] } }), 403, /metrics\.read/);
  await refused(apiTokens.listApiTokens({ pageSize: 5 }), 400, /pageSize/);
});

test('ActiveGate tokens', async () => {
  const created = await activeGateTokens.createToken({ body: { name: 'gate', activeGateType: 'ENVIRONMENT', expirationDate: 'now+60d' } });
  assert.match(created.token, /^dt0g02\.[A-Z2-7]{8}\.[A-Z2-7]{64}$/);
  const found = await activeGateTokens.getToken({ activeGateTokenIdentifier: created.id });
  assert.deepEqual([found.name, found.activeGateType, found.seedToken], ['gate', 'ENVIRONMENT', false]);
  const listed = await activeGateTokens.listTokens({});
  assert.deepEqual(listed.activeGateTokens.map((t) => t.id), [created.id]);
  await activeGateTokens.revokeToken({ activeGateTokenIdentifier: created.id });
  await refused(activeGateTokens.getToken({ activeGateTokenIdentifier: created.id }), 404, /./);
  await refused(activeGateTokens.createToken({ body: { name: 'gate', activeGateType: 'ENVIRONMENT', expirationDate: 'now+3y' } }), 400, /expirationDate/);
});

test('rotation of the tenant token', async () => {
  const started = await tenantToken.startRotation();
  assert.ok(started.active.value && started.old.value && started.active.value !== started.old.value);
  await refused(tenantToken.startRotation(), 400, /./);
  const finished = await tenantToken.finishRotation();
  assert.equal(finished.active.value, started.active.value);
  await refused(tenantToken.cancelRotation(), 400, /./);
});

test('the audit log has all of it, and no secret', async () => {
  const log = await auditLogs.getLogs({ filter: 'category("TOKEN")', pageSize: 1000 });
  assert.ok(log.totalCount > 120);
  assert.ok(log.auditLogs.some((entry) => entry.eventType === 'DELETE' && entry.success));
  assert.ok(log.auditLogs.some((entry) => entry.eventType === 'CREATE' && !entry.success));
  const one = await auditLogs.getLog({ id: log.auditLogs[0].logId });
  assert.equal(one.logId, log.auditLogs[0].logId);
  assert.doesNotMatch(JSON.stringify(log), /dt0[a-z]\d{2}\.[A-Z0-9]{8,24}\.[A-Z0-9]{64}/);
});
