// A gateway for a test: the binary is started as the README says, on free ports, over a folder of its own. It is the one that
// DOORWARD_BINARY names; without that it is built.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// emergencies lets the support staff in before anybody has approved.
export const emergencies = '\t\tremote_access {\n\t\t\tbreak_glass devops-viewer\n\t\t}';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const curlLines = 4; // of the banner, which ends with them

// startGateway gives a gateway as quickstart starts it, or with more in its global option: then it goes on with what quickstart
// has begun.
export async function startGateway({ options } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'doorward-clients-'));
  const binary = process.env.DOORWARD_BINARY || build(join(folder, 'doorward'));
  const data = join(folder, 'data');
  let server = spawn(binary, ['quickstart', '--listen', '127.0.0.1:0', '--console', '127.0.0.1:0', '--data', data], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const banner = await readBanner(server);
  const [url, console] = banner.match(/http:\/\/127\.0\.0\.1:\d+/g);
  let upstream;
  if (options) {
    await end(server);
    upstream = await startUpstream();
    const config = join(folder, 'Caddyfile');
    const usual = readFileSync(join(root, 'cmd', 'doorwardcmd', 'quickstart.Caddyfile'), 'utf8');
    writeFileSync(config, usual.replace(/^\tdoorward \{$/m, (line) => `${line}\n${options}`));
    server = spawn(binary, ['run', '--config', config], {
      stdio: 'ignore',
      env: {
        ...process.env, XDG_DATA_HOME: data, DOORWARD_DATA: data, DOORWARD_GATEWAY: url, DOORWARD_PORT: new URL(url).port,
        DOORWARD_CONSOLE_PORT: new URL(console).port, DOORWARD_UPSTREAM: `127.0.0.1:${upstream.address().port}`,
      },
    });
    await answering(url);
  }
  return {
    url,
    console,
    administrator: banner.match(/dt0c01\.[A-Z2-7]{24}\.[A-Z2-7]{64}/)[0],
    // write makes a file for a command to read, and gives its name.
    write(name, text) {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    },
    // run gives the standard output of a command over the gateway's store.
    run: (...args) => execFileSync(binary, [...args, '--store', `sqlite:${join(data, 'doorward.db')}`], {
      encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'],
    }).trim(),
    // sql changes the store behind the gateway's back, for what would take time otherwise.
    sql: (statement) => execFileSync('sqlite3', [join(data, 'doorward.db'), `PRAGMA busy_timeout = 5000; ${statement}`]),
    async stop() {
      await end(server);
      upstream?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function end(child) {
  child.kill('SIGTERM');
  return new Promise((resolve) => child.once('exit', resolve));
}

// startUpstream is an API that is content with everything.
function startUpstream() {
  const upstream = createServer((request, response) => response.end('{}'));
  return new Promise((resolve) => upstream.listen(0, '127.0.0.1', () => resolve(upstream)));
}

async function answering(url) {
  for (const limit = Date.now() + 10_000; ;) {
    try {
      return await (await fetch(`${url}/api/v2/metrics`)).arrayBuffer();
    } catch (error) {
      if (Date.now() > limit) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function build(binary) {
  execFileSync('go', ['build', '-o', binary, './cmd/doorward'], { cwd: root, stdio: 'inherit' });
  return binary;
}

function readBanner(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if ((text.match(/^curl .*\n/gm) ?? []).length === curlLines) resolve(text);
    });
    child.once('exit', (code) => reject(new Error(`quickstart ended with ${code} before its banner`)));
  });
}

// until waits for the gate to have heard of a change, for as long as it may take.
export async function until(ask, status) {
  let got;
  for (const limit = Date.now() + 5000; Date.now() < limit;) {
    if ((got = await ask()) === status) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(got, status);
}
