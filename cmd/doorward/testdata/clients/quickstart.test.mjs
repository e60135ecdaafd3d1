// What Node's own HTTP client makes of the gateway: the binary is built and started as the README says, on a free port.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startGateway } from './gateway.mjs';

const metrics = '/api/v2/metrics/query?metricSelector=builtin:host.cpu.usage';
let running, gateway, token;

before(async () => {
  running = await startGateway();
  gateway = running.url;
  token = running.administrator;
});

after(() => running.stop());

const call = (path, authorization, init = {}) =>
  fetch(gateway + path, { ...init, headers: { ...init.headers, ...(authorization && { authorization }) } });

test('no credential: 401, the envelope, and both challenges', async () => {
  const response = await call(metrics);
  assert.equal(response.status, 401);
  assert.deepEqual(await response.json(), { error: { code: 401, message: 'Token Authentication failed' } });
  assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="doorward", Api-Token realm="doorward"');
});

test('a token that was changed in one place: the same body', async () => {
  const response = await call(metrics, `Api-Token ${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`);
  assert.equal(response.status, 401);
  assert.deepEqual(await response.json(), { error: { code: 401, message: 'Token Authentication failed' } });
});

test('the token: 200, and the API learns who asks and not the secret', async () => {
  const response = await call(metrics, `Api-Token ${token}`, { headers: { 'x-doorward-user': 'root' } });
  assert.equal(response.status, 200);
  const body = await response.text();
  assert.ok(!body.includes(token.split('.')[2]), 'the secret reached the API');
  assert.match(body, /X-Doorward-Token-Id/i);
  assert.ok(!body.includes('root'), 'a header that the client made up reached the API');
});

test('a body arrives byte for byte', async () => {
  const sent = JSON.stringify({ text: 'ü "quoted" \u0001', n: [1, 2, 3] });
  const response = await call('/api/v2/events/ingest', `Api-Token ${token}`, {
    method: 'POST', body: sent, headers: { 'content-type': 'application/json' },
  });
  assert.equal(response.status, 200);
  assert.equal((await response.json()).body, sent);
});

test('an endpoint that nobody described: 403', async () => {
  const response = await call('/api/v2/no/such/endpoint', `Api-Token ${token}`);
  assert.equal(response.status, 403);
  assert.equal((await response.json()).error.code, 403);
});

test('many requests at once over few connections', async () => {
  const isGood = (i) => i % 4 > 0; // fewer of the others than an address may fail with at once
  const statuses = await Promise.all(
    Array.from({ length: 200 }, (_, i) => call(metrics, isGood(i) ? `Api-Token ${token}` : undefined)
      .then(async (response) => { await response.arrayBuffer(); return response.status; })),
  );
  assert.deepEqual(new Set(statuses.filter((_, i) => isGood(i))), new Set([200]));
  assert.deepEqual(new Set(statuses.filter((_, i) => !isGood(i))), new Set([401]));
});

test('too many failures: 429, and who is known goes through', async () => {
  let refused;
  for (let i = 0; i < 200 && refused?.status !== 429; i++) {
    refused = await call(metrics);
    await refused.arrayBuffer();
  }
  assert.equal(refused.status, 429);
  assert.match(refused.headers.get('retry-after') ?? '', /^[1-9][0-9]*$/);
  assert.equal((await call(metrics, `Api-Token ${token}`)).status, 200);
});
