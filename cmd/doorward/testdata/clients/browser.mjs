// Debian's Chromium, driven by Playwright over its debugging port, over which Lighthouse finds it as well.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 390, height: 844 };
export const smallPhone = { width: 360, height: 740 };

export async function startBrowser() {
  const profile = mkdtempSync(join(tmpdir(), 'doorward-chromium-'));
  const child = spawn(process.env.CHROMIUM || 'chromium', [
    '--headless=new', '--hide-scrollbars', '--remote-debugging-port=0', `--user-data-dir=${profile}`, '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-default-apps', '--disable-extensions', '--disable-sync', '--password-store=basic',
    ...(process.getuid() === 0 ? ['--no-sandbox'] : []), // which Chromium refuses to root
    'about:blank',
  ], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const endpoint = await readEndpoint(child);
  const browser = await chromium.connectOverCDP(endpoint);
  return {
    port: Number(new URL(endpoint).port),
    shared: browser.contexts()[0], // the one that Lighthouse opens its pages in

    // person is a browser of somebody's own: cookies and cache are nobody else's.
    async person(options = {}) {
      const context = await browser.newContext({ viewport: desktop, reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'Europe/Vienna', ...options });
      context.setDefaultTimeout(10_000);
      return context;
    },

    async stop() {
      await (await browser.newBrowserCDPSession()).send('Browser.close').catch(() => {}); // it closes before it answers
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function readEndpoint(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stderr.on('data', (chunk) => {
      text += chunk;
      const found = text.match(/DevTools listening on (ws:\/\/\S+)/);
      if (found) resolve(found[1]);
    });
    child.once('exit', (code) => reject(new Error(`Chromium ended with ${code}: ${text}`)));
  });
}

// signIn does what a person does: open the console, paste the token, and be where the link led.
export async function signIn(page, console, token, path = '/') {
  await page.goto(console + path);
  await page.getByLabel('Token', { exact: true }).fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

// confirmed says once more who one is, where the page that was asked for wants that first.
export async function confirmed(page, token) {
  if (new URL(page.url()).pathname !== '/confirm') return;
  await page.getByLabel('Token', { exact: true }).fill(token);
  await page.getByRole('button', { name: 'Go on' }).click();
}

// watch gathers what must not happen on any page: complaints of the browser, violations of the content security policy,
// requests to another host. It gives what there was since it was asked last.
export async function watch(page, console) {
  let seen = [];
  const opened = new Set(); // addresses of pages: that one of them is a refusal is told by its status
  page.on('console', (message) => {
    const isRefusal = message.text().startsWith('Failed to load resource') && opened.has(message.location().url);
    if (['error', 'warning'].includes(message.type()) && !isRefusal) seen.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => seen.push(`script: ${error.message}`));
  page.on('request', (request) => {
    if (request.isNavigationRequest()) opened.add(request.url());
    const { origin, protocol } = new URL(request.url());
    if (origin !== console && !['data:', 'blob:', 'about:'].includes(protocol)) seen.push(`a request to ${origin}`);
  });
  await page.exposeBinding('violated', (_, what) => seen.push(`content security policy: ${what}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => window.violated(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
  });
  return () => {
    const since = seen;
    seen = [];
    return since;
  };
}
