// LS-11: HTTP/1.1 has six connections for one server, and eight tabs that all follow something are open. Each of
// them, and a ninth, goes on as if it were alone.
import { describe } from 'node:test';
import assert from 'node:assert/strict';
import { docker, enrol, lab } from '../helpers/lab.mjs';
import { live, openLive } from '../helpers/browser.mjs';
import { go, row } from '../helpers/steps.mjs';
import { stage } from '../helpers/stage.mjs';

const host = lab.hosts[0];
const names = ['left', 'right'];
const COUNT = 'n=0; while :; do n=$((n+1)); echo "line $n"; sleep 0.1; done';
// Where the rail leads, with the text of the link.
const PLACES = ['Overview', 'Machines', 'Containers', 'Monitoring', 'Activity', 'Settings'];

describe('eight tabs', () => {
  const { step } = stage({ hosts: [host] });
  const tabs = [];
  const logs = [];
  const last = (tab) => tab.evaluate(() => Number(/line (\d+)\s*$/.exec(document.querySelector('[role="log"]').textContent.trimEnd())?.[1] ?? 0));
  // In every log tab newer lines come than those that are there now.
  const allMove = () =>
    Promise.all(
      logs.map(async (tab) => {
        const before = await last(tab);
        await tab.waitForFunction((n) => Number(/line (\d+)\s*$/.exec(document.querySelector('[role="log"]').textContent.trimEnd())?.[1] ?? 0) > n, before, { timeout: 10_000 });
      }),
    );

  step('ls_11 eight tabs are live at once, and the logs in four of them move', async ({ page, server, context }) => {
    for (const name of names) {
      await docker(host, 'run', '-d', '--name', name, '--stop-signal', 'KILL', '--label', 'polly-e2e=1', 'busybox:1.35', 'sh', '-c', COUNT);
    }
    await enrol(page, server, 'alpha', host);
    await go(page, 'Containers');
    const paths = [];
    for (const name of names) {
      await row(page, name).waitFor();
      paths.push(new URL(await row(page, name).getByRole('link', { name }).evaluate((link) => link.href)).pathname);
    }
    const machine = `/machines/${paths[0].split('/')[2]}`;
    for (const path of [`${paths[0]}?tab=logs`, `${paths[1]}?tab=logs`, `${paths[0]}?tab=logs&times=1`, `${paths[1]}?tab=logs&wrap=0`]) {
      logs.push(await openLive(context, server.url(path)));
    }
    tabs.push(...logs);
    for (const path of ['/', '/containers', machine, paths[0]]) tabs.push(await openLive(context, server.url(path)));
    assert.equal(tabs.length, 8);
    const protocols = await Promise.all(tabs.map((tab) => tab.evaluate(() => performance.getEntriesByType('navigation')[0].nextHopProtocol)));
    assert.deepEqual(new Set(protocols), new Set(['http/1.1']), 'the limit is there');
    await allMove();
    await allMove();
  });

  step('ls_11 a ninth tab gets whole pages, by address and by links', async ({ page, server }) => {
    for (const path of ['/', '/containers', '/machines', '/activity', '/settings']) {
      await page.goto(server.url(path), { timeout: 5_000 });
      await live(page, 5_000);
    }
    for (const place of PLACES) await go(page, place);
    await go(page, 'Containers');
    for (const name of names) await row(page, name).getByText('running').waitFor();
    await allMove();
  });

  step('ls_11 a call from every tab at once is answered', async ({ page }) => {
    const all = [...tabs, page];
    const call = () => Promise.all(Array.from({ length: 4 }, () => fetch('/readyz', { cache: 'no-store', signal: AbortSignal.timeout(5_000) }).then((answer) => answer.status)));
    const answers = (await Promise.all(all.map((tab) => tab.evaluate(call)))).flat();
    assert.deepEqual(answers, Array(all.length * 4).fill(200));
  });

  step('ls_11 a restart in one tab is seen in all others', async ({ page }) => {
    const containers = tabs[5];
    const others = [...tabs, page].filter((tab) => tab !== containers);
    const started = await docker(host, 'inspect', '-f', '{{.State.StartedAt}}', 'left');
    const seen = others.map((tab) => tab.getByRole('region', { name: 'Messages' }).getByText('Restart left on alpha: done').waitFor({ timeout: 20_000 }));
    await containers.getByRole('button', { name: 'Restart left on alpha' }).click();
    await Promise.all(seen);
    assert.notEqual(await docker(host, 'inspect', '-f', '{{.State.StartedAt}}', 'left'), started);
    // The log of what began anew goes on too, where it counts from 1 again.
    for (const tab of [logs[0], logs[2]]) await tab.locator('.log-standing').getByText('following').waitFor({ timeout: 20_000 });
    await allMove();
  });

  step('ls_11 every tab still goes where its links lead, all at the same time', async () => {
    await Promise.all(
      tabs.map(async (tab, n) => {
        for (let i = 0; i < 3; i++) await go(tab, PLACES[(n + i) % PLACES.length]);
        await tab.goBack();
        await tab.goForward();
        await live(tab, 5_000);
      }),
    );
  });
});
