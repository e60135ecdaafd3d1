// Pictures of every page for docs/console/, light, dark and on a phone. They are made anew where DOORWARD_PICTURES is set, by
// `make console-pictures`; otherwise one page is enough to see that they can be made.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { desktop, phone } from './browser.mjs';
import { isGiven, pages } from './pages.mjs';
import { startVisits } from './visits.mjs';

const folder = join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'console');
const isKept = Boolean(process.env.DOORWARD_PICTURES);
const maxBytes = 100 * 1024; // of one picture
const looks = { light: [desktop, 'light'], dark: [desktop, 'dark'], phone: [phone, 'light'] };

let visits, target;

before(async () => {
  visits = await startVisits();
  target = isKept ? folder : mkdtempSync(join(tmpdir(), 'doorward-pictures-'));
  mkdirSync(target, { recursive: true });
});

after(async () => {
  await visits?.stop();
  if (!isKept) rmSync(target, { recursive: true, force: true });
});

for (const row of pages.filter((row) => isGiven(row) && row.picture && (isKept || row.name === 'overview'))) {
  test(row.name, async () => {
    const { page } = await visits.whose(row);
    for (const [look, [viewport, colorScheme]] of Object.entries(looks)) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      // An answer to a form cannot be loaded again; other pages can, and what was done on the way there is done once.
      if (look === 'light' || row.act && row.status) await visits.open(row);
      else await page.reload({ waitUntil: 'networkidle' });
      const file = join(target, `${row.name}-${look}.png`);
      writeFileSync(file, await page.screenshot({ animations: 'disabled', caret: 'hide' }));
      if (isKept) shrink(file);
      const { size } = statSync(file);
      assert.ok(size > 2000, `${file} has ${size} bytes`);
      if (isKept) assert.ok(size <= maxBytes, `${file} has ${size} bytes`);
    }
    await page.setViewportSize(desktop);
  });
}

test('no picture is left of a page that is no more', { skip: !isKept }, () => {
  const expected = pages.filter((row) => row.picture).flatMap(({ name }) => Object.keys(looks).map((look) => `${name}-${look}.png`));
  assert.deepEqual(readdirSync(folder).filter((name) => name.endsWith('.png') && !expected.includes(name)), []);
});

// shrink gives a picture a palette: pages have few colours, and letters lose nothing that one would see.
function shrink(file) {
  execFileSync('pngquant', ['--force', '--nofs', '--strip', '--speed', '1', '--output', file, '64', file]);
}
