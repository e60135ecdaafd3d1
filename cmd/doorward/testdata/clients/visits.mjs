// People at the console: a gateway with something on it, a browser, and for each credential somebody who is signed in.
import { signIn, startBrowser, watch } from './browser.mjs';
import { weighing } from './checks.mjs';
import { emergencies, startGateway } from './gateway.mjs';
import { pathOf } from './pages.mjs';
import { furnish } from './world.mjs';

export async function startVisits(named, options = {}) {
  const [gateway, browser] = await Promise.all([startGateway({ options: emergencies }), startBrowser()]);
  const made = await furnish(gateway, named);
  const people = {};

  async function person(token) {
    const context = await browser.person(options);
    const page = await context.newPage();
    const complaints = await watch(page, gateway.console);
    if (token) await signIn(page, gateway.console, token);
    return { context, page, token, complaints, weight: await weighing(page) };
  }

  // whose is the person who looks at a page.
  async function whose(row) {
    const who = row.as ?? 'administrator';
    people[who] ??= await person(made.credentials[who]);
    // Whether somebody has just said again who they are would hang on how long the pages before took.
    gateway.sql(`UPDATE console_sessions SET confirmed_until = ${row.unsure ? 0 : Date.now() + 300_000}`);
    return people[who];
  }

  // open is a page as its person sees it, loaded with nothing in the cache.
  async function open(row) {
    const who = await whose(row);
    const { page, weight } = who;
    const url = gateway.console + pathOf(row, made);
    who.complaints();
    weight.begin();
    let response = await page.goto(url);
    if (row.act) {
      weight.begin();
      response = await row.act(page);
    }
    await page.waitForLoadState('networkidle');
    return { ...who, url, status: response.status() };
  }

  return {
    gateway, browser, made, whose, open,
    async stop() {
      await Promise.all([gateway.stop(), browser.stop()]);
    },
  };
}
