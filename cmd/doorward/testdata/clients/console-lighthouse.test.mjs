// What Lighthouse says of every page of the console, with somebody signed in.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { scored } from './checks.mjs';
import { isGiven, pages, pathOf } from './pages.mjs';
import { startVisits } from './visits.mjs';
import { hostile } from './world.mjs';

let visits;

before(async () => {
  visits = await startVisits(hostile);
  // Lighthouse first finds out how fast the machine is, for a second, on an empty page and by that page's clock. No score that is
  // looked at here depends on it.
  await visits.browser.shared.addInitScript(() => {
    if (location.protocol !== 'about:') return;
    let now = Date.now();
    Date.now = () => (now += 1000);
  });
});

after(() => visits?.stop());

// A page that answers a form, or that is a refusal, has no address which says the same again.
for (const row of pages.filter((row) => isGiven(row) && !row.act && !row.status)) {
  test(row.name, async () => {
    const { context } = await visits.whose(row);
    const { gateway, browser, made } = visits;
    await browser.shared.clearCookies();
    await browser.shared.addCookies(await context.cookies());
    assert.deepEqual(await scored(gateway.console + pathOf(row, made), browser.port), []);
  });
}
