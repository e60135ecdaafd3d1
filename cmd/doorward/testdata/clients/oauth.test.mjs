// Two public OAuth2 clients, unmodified, against Doorward's token endpoint: one that finds it by discovery, one that is told
// where it is. What they get is used at the gate.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Issuer, errors } from 'openid-client';
import { ClientCredentials } from 'simple-oauth2';
import { startGateway } from './gateway.mjs';

const owner = 'it@example.com';
const scopes = ['account-idm-read', 'settings:objects:read'];
let running, issuer, id, secret;

before(async () => {
  running = await startGateway();
  running.run('user', 'create', owner);
  running.run('group', 'create', 'IT');
  running.run('group', 'add', 'IT', owner);
  running.run('policy', 'create', '--name', 'IT', running.write('it.policy', 'ALLOW settings:objects:read;'));
  running.run('policy', 'bind', 'IT', '--group', 'IT');
  secret = running.run('client', 'create', '--name', 'nightly', '--owner', owner, '--scope', scopes.join(','));
  id = secret.slice(0, secret.lastIndexOf('.'));
  issuer = await Issuer.discover(running.url);
});

after(() => running.stop());

// settings asks for something behind the gate that the owner's policies permit.
const settings = (authorization) => fetch(
  `${running.url}/platform/classic/environment-api/v2/settings/objects?schemaIds=builtin:alerting.profile`, { headers: { authorization } },
);

// settled waits until the gate has heard of the policies that the commands above have made.
async function settled(authorization) {
  for (let i = 0; i < 100; i++) {
    const { status } = await settings(authorization);
    if (status !== 403) return status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return 403;
}

const known = (method, client_secret = secret) => new issuer.Client({
  client_id: id, client_secret, token_endpoint_auth_method: method, introspection_endpoint_auth_method: method,
  revocation_endpoint_auth_method: method,
});

test('discovery: every endpoint is here', () => {
  for (const name of ['token_endpoint', 'jwks_uri', 'introspection_endpoint', 'revocation_endpoint']) {
    assert.ok(issuer.metadata[name].startsWith(`${running.url}/`), `${name} is ${issuer.metadata[name]}`);
  }
  assert.deepEqual(issuer.metadata.grant_types_supported, ['client_credentials']);
});

test('the published keys are public ones', async () => {
  const { keys } = await (await fetch(issuer.metadata.jwks_uri)).json();
  assert.ok(keys.length > 0);
  for (const key of keys) assert.deepEqual([key.kty, key.crv, key.alg, key.d], ['EC', 'P-256', 'ES256', undefined]);
});

for (const method of ['client_secret_basic', 'client_secret_post']) {
  test(`openid-client, ${method}: a token, what it is good for, and its end`, async () => {
    const client = known(method);
    const tokens = await client.grant({ grant_type: 'client_credentials' });
    assert.equal(tokens.token_type, 'Bearer');
    assert.deepEqual(tokens.scope.split(' ').sort(), scopes);
    assert.ok(tokens.expires_in > 0 && tokens.expires_in <= 300);
    assert.equal(await settled(`${tokens.token_type} ${tokens.access_token}`), 200);

    const found = await client.introspect(tokens.access_token);
    assert.deepEqual([found.active, found.sub, found.client_id], [true, owner, id]);
    await client.revoke(tokens.access_token);
    assert.deepEqual(await client.introspect(tokens.access_token), { active: false });
    assert.equal((await settings(`Bearer ${tokens.access_token}`)).status, 401);
  });
}

test('openid-client: refusals come as its own errors', async () => {
  const refused = (call, code) => assert.rejects(call, (error) => error instanceof errors.OPError && error.error === code);
  const grant_type = 'client_credentials';
  await refused(known('client_secret_basic').grant({ grant_type, scope: 'account-idm-write' }), 'invalid_scope');
  await refused(known('client_secret_basic').grant({ grant_type, resource: 'urn:dtaccount:elsewhere' }), 'invalid_target');
  await refused(known('client_secret_basic').grant({ grant_type: 'password' }), 'unsupported_grant_type');
  const wrong = `${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`;
  await refused(known('client_secret_basic', wrong).grant({ grant_type }), 'invalid_client');
});

for (const authorizationMethod of ['header', 'body']) {
  test(`simple-oauth2, credentials in the ${authorizationMethod}`, async () => {
    const client = new ClientCredentials({
      client: { id, secret }, auth: { tokenHost: running.url, tokenPath: '/sso/oauth2/token' }, options: { authorizationMethod },
    });
    const { token } = await client.getToken({ scope: scopes[1], resource: 'urn:dtaccount:default' });
    assert.deepEqual([token.scope, token.resource], [scopes[1], 'urn:dtaccount:default']);
    assert.ok(new Date(token.expires_at) > new Date());
    assert.equal(await settled(`Bearer ${token.access_token}`), 200);
  });
}

test('simple-oauth2: the client ends, and its tokens with it', async () => {
  const gone = running.run('client', 'create', '--name', 'gone', '--owner', owner, '--scope', scopes[1]);
  const client = new ClientCredentials({
    client: { id: gone.slice(0, gone.lastIndexOf('.')), secret: gone }, auth: { tokenHost: running.url, tokenPath: '/sso/oauth2/token' },
  });
  const { token } = await client.getToken({});
  assert.equal(await settled(`Bearer ${token.access_token}`), 200);
  running.run('client', 'delete', gone.slice(0, gone.lastIndexOf('.')));
  // The command is another process, of which the gate hears from the store.
  for (const end = Date.now() + 5000; (await settings(`Bearer ${token.access_token}`)).status !== 401;) {
    assert.ok(Date.now() < end, 'the token of a deleted client is still taken');
  }
  await assert.rejects(client.getToken({}), (error) => error.output.statusCode === 401);
});
