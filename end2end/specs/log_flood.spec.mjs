// LS-06: a container may write a line of ten megabytes, output without any line break, or nothing but colours. The
// log shows what fits and says what it left out; the page goes on answering in bounded memory.
import { describe } from 'node:test';
import assert from 'node:assert/strict';
import { docker, enrol, lab } from '../helpers/lab.mjs';
import { live } from '../helpers/browser.mjs';
import { go, row } from '../helpers/steps.mjs';
import { stage } from '../helpers/stage.mjs';
import { collectGarbage, frame, memory, watchMemory } from '../helpers/weight.mjs';

const host = lab.hosts[0];
const MIB = 1 << 20;
const MOST = 200 * MIB;
const LONGEST = 16 << 10; // of one line that is shown
const [LINE, FLOOD, BOMB] = [10 * MIB, 96 * MIB, 48 * MIB];
// Each writes its mass as soon as it is told to, says that it is over, and then is quiet.
const wait = 'until [ -e /go ]; do sleep 0.1; done;';
const rest = 'echo; echo the end of it; exec sleep 100000';
const unit = `e=$(printf '\\033'); u="$e[31m$e[1m$e[4mx$e[42;7m$e[2J$e[999;999Hy$e]0;t$(printf '\\007')$e[38;5;200mz$e[0m"`;
const SCRIPTS = {
  'one-line': `echo before; ${wait} head -c ${LINE} /dev/zero | tr '\\000' x; ${rest}`,
  'no-break': `echo before; ${wait} yes 'no line break' | tr -d '\\n' | head -c ${FLOOD}; ${rest}`,
  // Colours, styles, cursor and title, each before a single character: in many short lines, and in long ones.
  'short-bombs': `echo before; ${wait} ${unit}; yes "$u" | head -n 100000; ${rest}`,
  'long-bombs': `echo before; ${wait} ${unit}; l=$u; for i in 1 2 3 4 5 6 7; do l=$l$l; done; yes "$l" | head -c ${BOMB}; ${rest}`,
  // As many spans as a line may have in as few bytes as they need, no faster than a page can take them.
  'dense-bombs': `echo before; ${wait} e=$(printf '\\033'); l="$e[31mx$e[32my"; for i in 1 2 3 4 5 6 7; do l=$l$l; done; i=0; while [ $i -lt 60 ]; do i=$((i+1)); yes "$l" | head -n 200; sleep 0.1; done; ${rest}`,
};

const open = async (page, server, name) => {
  await page.goto(server.url(`/containers?q=${name}`));
  await row(page, name).getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await page.getByRole('navigation', { name: 'Container' }).getByRole('link', { name: 'Logs' }).click();
  const log = page.getByRole('log', { name: `Log of ${name}` });
  await log.getByText('before', { exact: true }).waitFor();
  await page.locator('.log-standing').getByText('following').waitFor();
  return log;
};
const checked = async (page, what) => {
  const painted = await frame(page);
  assert.ok(painted < 1_000, `${what}: a frame took ${painted} ms`);
  const { heap, wasm, nodes } = await memory(page);
  assert.ok(heap + wasm < MOST, `${what}: heap ${heap}, module ${wasm}, nodes ${nodes}`);
  return { heap, wasm, nodes };
};
// Looks again and again until the end is shown; gives the worst that it saw.
const floods = async (page, log, name) => {
  await docker(host, 'exec', name, 'touch', '/go');
  const over = log.getByText('the end of it', { exact: true });
  const until = Date.now() + 120_000;
  const worst = { heap: 0, wasm: 0, nodes: 0 };
  do {
    const now = await checked(page, name);
    for (const key of Object.keys(worst)) worst[key] = Math.max(worst[key], now[key]);
    assert.ok(Date.now() < until, `${name}: its end is not shown`);
  } while (!(await over.count()));
  return worst;
};
const shown = (log) =>
  log.evaluate((element) => {
    const lines = [...element.querySelectorAll('.log-line')];
    return { lines: lines.length, longest: Math.max(...lines.map((line) => line.textContent.length)), all: element.textContent.length };
  });
const fits = async (log) => {
  const seen = await shown(log);
  assert.ok(seen.longest <= LONGEST + 100, `a line of ${seen.longest} characters`);
  assert.ok(seen.lines <= 10_200 && seen.all <= 9 * MIB, JSON.stringify(seen));
};
const answers = async (page, test, name, worst) => {
  await checked(page, `${name}, after it`);
  await go(page, 'Machines');
  await collectGarbage(page);
  const left = await memory(page);
  assert.ok(left.nodes < 20_000 && left.heap < 50 * MIB, `${name}, left: ${JSON.stringify(left)}`);
  test.diagnostic(`${name}: ${JSON.stringify({ worst, left })}`);
};

for (const [name, script] of Object.entries(SCRIPTS)) {
  describe(`a log that floods with ${name}`, () => {
    const { step } = stage({ hosts: [host], prepare: ({ context }) => watchMemory(context) });

    step(`ls_06 ${name}: the page answers, holds less than 200 MB, and says what was cut`, async ({ page, server, test }) => {
      await docker(host, 'run', '-d', '--name', name, '--stop-signal', 'KILL', '--label', 'polly-e2e=1', 'busybox:1.35', 'sh', '-c', script);
      await enrol(page, server, 'alpha', host);
      const log = await open(page, server, name);
      const worst = await floods(page, log, name);
      await fits(log);
      const marks = await log.locator('.log-cut').allTextContents();
      if (!name.endsWith('-bombs')) assert.ok(marks.length > 0, 'a mark');
      for (const mark of marks) assert.match(mark, /… [\d.]+ (KiB|MiB|kB|MB|B) more were cut off/);
      assert.equal((await log.textContent()).includes('\x1b'), false, 'no sequence is left in the text');
      await answers(page, test, name, worst);
    });

    step(`ls_06 ${name}: the page that is opened after it is as small`, async ({ page, server, another }) => {
      await page.goto(server.url(`/containers?q=${name}`));
      const href = await row(page, name).getByRole('link', { name }).evaluate((link) => link.href);
      const fresh = await another();
      await watchMemory(fresh.context);
      const tab = await fresh.context.newPage();
      await tab.goto(`${href}?tab=logs`);
      await live(tab, 30_000);
      const log = tab.getByRole('log', { name: `Log of ${name}` });
      await log.getByText('the end of it', { exact: true }).waitFor();
      await fits(log);
      await checked(tab, `${name}, opened later`);
      await fresh.context.close();
    });
  });
}
