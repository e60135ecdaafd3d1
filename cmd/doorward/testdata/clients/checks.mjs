// What holds for every page of the console. Each check gives the lines of what is wrong, none where all is well.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import lighthouse from 'lighthouse';
import { desktop, smallPhone } from './browser.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const maxBytes = 100 * 1024; // of everything that a page loads, as it goes over the wire
const minScore = 0.95; // of Lighthouse

// accessible asks axe for violations of any of its rules, best practices among them, in both themes and on a phone.
export async function accessible(page) {
  const wrong = [];
  await page.evaluate(axe);
  for (const scheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme: scheme });
    wrong.push(...await violations(page, scheme));
  }
  await page.setViewportSize(smallPhone);
  wrong.push(...await violations(page, 'phone'), ...await overflows(page));
  await page.setViewportSize(desktop);
  return wrong;
}

async function violations(page, where) {
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, help, nodes }) => ({ id, help, at: nodes.map((node) => node.html.slice(0, 150)) }));
  });
  return found.map(({ id, help, at }) => `axe, ${where}: ${id}: ${help}: ${at.slice(0, 3).join(' | ')}${at.length > 3 ? ` and ${at.length - 3} more` : ''}`);
}

// overflows is true where a page is wider than the screen. What is wide by nature scrolls by itself.
async function overflows(page) {
  const [width, widest] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.scrollingElement;
    if (scrollWidth <= clientWidth) return [0, ''];
    const scrolls = (element) => element && (getComputedStyle(element).overflowX !== 'visible' || scrolls(element.parentElement));
    const wide = [...document.querySelectorAll('main *, header *')].filter((e) => e.getBoundingClientRect().right > clientWidth + 1 && !scrolls(e.parentElement));
    return [scrollWidth, wide.at(-1)?.outerHTML.slice(0, 150) ?? ''];
  });
  return width ? [`phone: the page is ${width} px wide, because of ${widest}`] : [];
}

// weighing counts what goes over the wire from now on, with nothing in the cache.
export async function weighing(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  let bytes = 0;
  session.on('Network.loadingFinished', (event) => { bytes += event.encodedDataLength; });
  return {
    begin() { bytes = 0; },
    wrong: () => (bytes > 0 && bytes <= maxBytes ? [] : [`${bytes} bytes on the wire, of at most ${maxBytes}`]),
    bytes: () => bytes,
  };
}

// readable is what a page is made of, whoever looks at it.
export async function readable(page) {
  return page.evaluate(() => {
    const wrong = [];
    const is = (fine, what) => fine || wrong.push(what);
    const headings = document.querySelectorAll('h1');
    is(headings.length === 1 && headings[0].textContent.trim(), `${headings.length} headings of the first level`);
    is(/ · Doorward/.test(document.title) && document.title.length < 400, `the title is ${document.title}`);
    is(document.querySelectorAll('script:not([src]), style, [style]').length === 0, 'a script or style in the text');
    is(!document.querySelector('main img'), 'a name has become an image');
    for (const time of document.querySelectorAll('time')) {
      is(time.dateTime && time.title.includes('UTC') && !time.textContent.includes('UTC'), `a time that is not the reader's: ${time.outerHTML}`);
    }
    return wrong;
  });
}

// keyboard goes through a page without a mouse: "/" is at the search, Esc comes out of it, arrows go through the rows, and what
// has the focus is seen to have it.
export async function keyboard(page) {
  const wrong = [];
  const focused = (selector) => page.evaluate((s) => document.activeElement.matches(s), selector);
  await page.evaluate(() => document.activeElement.blur());
  if (await page.locator('[data-search]:visible').count()) {
    await page.keyboard.press('/');
    if (!await focused('[data-search]')) wrong.push('"/" does not go to the search');
    await page.locator('[data-search]:visible').first().fill('');
    await page.keyboard.press('Escape');
    if (await focused('[data-search]')) wrong.push('Esc does not leave the search');
  }
  if (await page.locator('.table tbody tr').filter({ has: page.locator('a, button') }).count() > 1) {
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    const row = await page.evaluate(() => {
      const rows = [...document.querySelectorAll('.table tbody tr')].filter((r) => r.querySelector('a, button'));
      return rows.indexOf(document.activeElement.closest('tr'));
    });
    if (row !== 1) wrong.push(`two arrows down are in row ${row}`);
  }
  return [...wrong, ...await focusSeen(page)];
}

async function focusSeen(page) {
  const wrong = [];
  await page.evaluate(() => document.activeElement.blur());
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab');
    const unseen = await page.evaluate(() => {
      const at = document.activeElement;
      const isSeen = (element) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
      };
      const around = at.closest('.editor') ?? at; // whose outline is around all that belongs to it
      return at === document.body || isSeen(at) || isSeen(around) ? '' : at.outerHTML.slice(0, 150);
    });
    if (unseen) wrong.push(`the focus cannot be seen at ${unseen}`);
  }
  return wrong;
}

// scored has Lighthouse look at a page, in a browser that is signed in already. It slows nothing down and waits for nothing: how
// fast a page is, is measured elsewhere.
export async function scored(url, port) {
  const categories = ['accessibility', 'best-practices'];
  const { lhr } = await lighthouse(url, {
    port, output: 'json', logLevel: 'silent', onlyCategories: categories, disableStorageReset: true, formFactor: 'desktop',
    screenEmulation: { mobile: false, ...desktop, deviceScaleFactor: 1, disabled: false }, throttlingMethod: 'simulate',
    disableFullPageScreenshot: true,
  }, { extends: 'lighthouse:default', settings: { pauseAfterFcpMs: 0, pauseAfterLoadMs: 0, networkQuietThresholdMs: 0, cpuQuietThresholdMs: 0 } });
  const wrong = lhr.finalDisplayedUrl.split('#')[0] === url ? [] : [`Lighthouse was led to ${lhr.finalDisplayedUrl}`];
  if (lhr.runtimeError) wrong.push(`Lighthouse: ${lhr.runtimeError.message}`);
  for (const name of categories) {
    const { score, auditRefs } = lhr.categories[name];
    if (score >= minScore) continue;
    const failed = auditRefs.map(({ id }) => lhr.audits[id]).filter((audit) => audit.score !== null && audit.score < 1);
    wrong.push(`Lighthouse: ${name} ${score}: ${failed.map(({ title }) => title).join(', ')}`);
  }
  return wrong;
}
