// A gateway for a test: the binary is built once and started as the README says, on a free port, over a folder of its own.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const curlLines = 4; // of the banner, which ends with them

export async function startGateway() {
  const folder = mkdtempSync(join(tmpdir(), 'doorward-clients-'));
  const binary = join(folder, 'doorward');
  execFileSync('go', ['build', '-o', binary, './cmd/doorward'], { cwd: root, stdio: 'inherit' });
  const data = join(folder, 'data');
  const server = spawn(binary, ['quickstart', '--listen', '127.0.0.1:0', '--data', data], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const banner = await readBanner(server);
  return {
    url: banner.match(/http:\/\/127\.0\.0\.1:\d+/)[0],
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
    async stop() {
      server.kill('SIGTERM');
      await new Promise((resolve) => server.once('exit', resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
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
