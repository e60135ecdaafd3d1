// What Node's own HTTP client makes of the gateway: the binary is built and started as the README says, on a free port.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'doorward-clients-'));
const metrics = '/api/v2/metrics/query?metricSelector=builtin:host.cpu.usage';
let gateway, token, server;

before(async () => {
  const binary = join(folder, 'doorward');
  execFileSync('go', ['build', '-o', binary, './cmd/doorward'], { cwd: root, stdio: 'inherit' });
  server = spawn(binary, ['quickstart', '--listen', '127.0.0.1:0', '--data', join(folder, 'data')], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const banner = await readBanner(server);
  gateway = banner.match(/http:\/\/127\.0\.0\.1:\d+/)[0];
  token = banner.match(/dt0c01\.[A-Z2-7]{24}\.[A-Z2-7]{64}/)[0];
});

after(async () => {
  server.kill('SIGTERM');
  await new Promise((resolve) => server.once('exit', resolve));
  rmSync(folder, { recursive: true, force: true });
});

// The banner ends with its third curl line.
function readBanner(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if ((text.match(/^curl .*\n/gm) ?? []).length === 3) resolve(text);
    });
    child.once('exit', (code) => reject(new Error(`quickstart ended with ${code} before its banner`)));
  });
}

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
  const statuses = await Promise.all(
    Array.from({ length: 200 }, (_, i) => call(metrics, i % 2 ? `Api-Token ${token}` : undefined)
      .then(async (response) => { await response.arrayBuffer(); return response.status; })),
  );
  assert.deepEqual(new Set(statuses.filter((_, i) => i % 2)), new Set([200]));
  assert.deepEqual(new Set(statuses.filter((_, i) => !(i % 2))), new Set([401]));
});
