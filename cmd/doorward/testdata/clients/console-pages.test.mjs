// Every page of the console in Debian's Chromium, with names that mean harm: what axe says of it, what it weighs, what the browser
// complains about, how it is used without a mouse, and where it leads.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { accessible, keyboard, readable } from './checks.mjs';
import { isGiven, pages, pathOf, patternOf } from './pages.mjs';
import { startVisits } from './visits.mjs';
import { hostile } from './world.mjs';

let visits;
const links = new Map(); // from each address that some page leads to, to the row of that page

before(async () => { visits = await startVisits(hostile); });
after(() => visits?.stop());

describe('every page', () => {
  for (const row of pages.filter(isGiven)) {
    test(row.name, async () => {
      const { page, status, complaints, weight } = await visits.open(row);
      const wrong = [...weight.wrong(), ...await readable(page)];
      if (status !== (row.status ?? 200)) wrong.push(`status ${status}`);
      for (const href of await page.locator('a[href]').evaluateAll((all) => all.map((a) => a.href))) links.set(href, row);
      wrong.push(...await accessible(page), ...await keyboard(page), ...complaints());
      assert.deepEqual(wrong, []);
    });
  }
});

describe('what pages lead to', () => {
  const origin = () => visits.gateway.console;
  const leads = () => [...links].map(([href, row]) => ({ url: new URL(href), row })).filter(({ url }) => url.origin === origin());

  test('is never elsewhere', () => {
    assert.deepEqual([...links.keys()].filter((href) => new URL(href).origin !== origin()), []);
  });

  test('is in the table, or is a file', () => {
    const known = pages.map(patternOf);
    const isFile = (path) => /[./](csv|json|html|text)$/.test(path);
    const missing = leads().filter(({ url }) => !isFile(url.pathname) && !known.some((pattern) => pattern.test(url.pathname)));
    assert.deepEqual(missing.map(({ url, row }) => `${url.pathname}, from ${row.name}`), []);
  });

  test('is there', async () => {
    const gone = [];
    for (const { url, row } of leads()) {
      const { context } = await visits.whose(row);
      const status = (await context.request.get(url.href, { maxRedirects: 0 })).status();
      const isItself = url.pathname === pathOf(row, visits.made).split('?')[0];
      const isForbidden = status === 403; // the navigation shows everybody the same, and says on the page who may not
      if (status >= 400 && !isItself && !isForbidden) gone.push(`${status} ${url.pathname}${url.search}, from ${row.name}`);
    }
    assert.deepEqual(gone, []);
  });
});
