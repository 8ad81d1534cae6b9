// The fleet: three real hosts in one table, work on all of them at once, and what happens to each of them.
import { describe } from 'node:test';
import assert from 'node:assert/strict';
import { stage } from '../helpers/stage.mjs';
import { docker, enrol, lab, labCommand } from '../helpers/lab.mjs';
import { inspect, live } from '../helpers/browser.mjs';
import { go, row } from '../helpers/steps.mjs';
import { frame } from '../helpers/weight.mjs';

const hosts = lab.hosts.slice(0, 3);
const names = ['alpha', 'beta', 'gamma'];
const [first, second, third] = hosts;

// Ends at once when it is asked to; more arguments stand before the image.
const run = (host, name, more = [], command = ['sleep', '100000']) =>
  docker(host, 'run', '-d', '--name', name, '--stop-signal', 'KILL', '--label', 'polly-e2e=1', ...more, 'busybox:1.35', ...command);

describe('the fleet', () => {
  const prepare = ({ undo }) => {
    assert.equal(hosts.length, 3, 'the lab has three hosts');
    undo(() => labCommand('start', third.name));
  };
  const here = stage({ hosts, server: { env: { POLLY_KEY_PROBE_SECONDS: '2' } }, prepare });
  const { step } = here;
  const table = () => here.page.getByRole('table', { name: 'Containers' });
  const namesShown = () => table().getByRole('rowheader').getByRole('link').allTextContents();

  step('the containers of three hosts stand in one table', async ({ page, server }) => {
    await run(first, 'shop');
    await run(second, 'shop', ['-p', '8098:80']);
    await run(third, 'shop');
    await run(first, 'worker', [], ['sh', '-c', 'while :; do :; done']);
    for (const [i, host] of hosts.entries()) await enrol(page, server, names[i], host);
    await go(page, 'Containers');
    for (const name of names) await page.getByRole('row', { name: new RegExp(`shop.*${name}`) }).waitFor();
    await inspect(page, 'fleet');
  });

  step('filter and order are in the address', async ({ page, server }) => {
    await page.goto(server.url('/containers?q=shop&host=beta&host=gamma&sort=-host'));
    await page.getByText('2 of 4 containers').waitFor();
    const text = await table().getByRole('row').allTextContents();
    assert.ok(text[1].includes('gamma') && text[2].includes('beta'), text.join('\n'));
    await live(page);
    await page.getByRole('searchbox', { name: /Filter by name/ }).fill('wor');
    await page.getByText('No container matches the filter').waitFor();
    await page.goto(server.url('/containers?q=wor'));
    await row(page, 'worker').waitFor();
    assert.deepEqual(await namesShown(), ['worker']);
  });

  step('what a container uses moves by itself', async ({ page, server }) => {
    const cpu = row(page, 'worker').locator('.col-cpu');
    await cpu.getByText(/\d\d.* %/).waitFor({ timeout: 30_000 });
    await page.goto(server.url('/containers?sort=-cpu'));
    await live(page);
    await page.waitForFunction(() => document.querySelector('tbody tr th')?.textContent.includes('worker'), null, { timeout: 20_000 });
  });

  step('a restart on three hosts reports the one that fails, and the rerun mends it', async ({ page, server }) => {
    // While the second is down another takes its port: it cannot come back.
    await docker(second, 'kill', 'shop');
    await run(second, 'squatter', ['-p', '8098:80']);
    await page.goto(server.url('/containers?q=shop'));
    await live(page);
    for (const name of names) await page.getByRole('checkbox', { name: `Select shop on ${name}` }).check();
    const bar = page.getByRole('region', { name: 'Chosen containers' });
    await bar.getByText(/3 .*chosen/).waitFor();
    await inspect(page, 'fleet-chosen');
    await bar.getByRole('button', { name: 'Restart' }).click();
    await go(page, 'Activity');
    await page.getByRole('link', { name: /Restart 3/ }).first().click();
    await page.locator('.page-head').getByText('failed', { exact: true }).waitFor({ timeout: 40_000 });
    const steps = page.getByRole('table', { name: 'Steps' });
    await steps.getByRole('row', { name: /shop.*beta/ }).getByText(/8098/).waitFor();
    for (const name of ['alpha', 'gamma']) await steps.getByRole('row', { name: new RegExp(`shop.*${name}`) }).getByText('succeeded').waitFor();
    await inspect(page, 'fleet-job');
    await docker(second, 'rm', '-f', 'squatter');
    await page.getByRole('button', { name: 'Run the failed again' }).click();
    await page.getByText('an earlier job').waitFor();
    await page.locator('.page-head').getByText('succeeded', { exact: true }).waitFor({ timeout: 40_000 });
    assert.equal(await docker(second, 'inspect', '-f', '{{.State.Running}}', 'shop'), 'true');
  });

  step('a log is followed while a thousand lines come each second', async ({ page, server }) => {
    await run(first, 'chatty', [], ['sh', '-c', 'n=0; while :; do i=0; while [ $i -lt 100 ]; do n=$((n+1)); i=$((i+1)); echo "line $n of many"; done; sleep 0.1; done']);
    await page.goto(server.url('/containers?q=chatty'));
    await row(page, 'chatty').getByRole('link', { name: 'chatty' }).click();
    await page.getByRole('heading', { level: 1, name: 'chatty' }).waitFor();
    await page.getByRole('link', { name: 'Logs' }).click();
    const log = page.getByRole('log', { name: 'Log of chatty' });
    const last = async () => Number(/line (\d+) of many\s*$/.exec((await log.textContent()).trimEnd())?.[1] ?? 0);
    await log.getByText(/line \d+ of many/).last().waitFor();
    // The page answers while they come: a frame is painted within a second, again and again.
    let before = 0;
    for (let n = 0; n < 10; n++) {
      const painted = await frame(page);
      assert.ok(painted < 1_000, `a frame took ${painted} ms`);
      const now = await last();
      assert.ok(now >= before, `${now} after ${before}`);
      before = now;
      await page.waitForTimeout(300);
    }
    await page.waitForFunction((n) => Number(/line (\d+) of many\s*$/.exec(document.querySelector('[role="log"]').textContent.trimEnd())?.[1] ?? 0) > n, before, { timeout: 10_000 });
    await docker(first, 'kill', 'chatty');
    await page.locator('.page-head').getByText(/exited/).waitFor();
    await inspect(page, 'container-logs');
    await docker(first, 'rm', '-f', 'chatty');
    await page.getByRole('heading', { name: 'chatty is gone' }).waitFor();
    await inspect(page, 'container-gone');
  });

  step('a container says what it is and what it uses', async ({ page, server }) => {
    await page.goto(server.url('/containers?q=worker'));
    await row(page, 'worker').getByRole('link', { name: 'worker' }).click();
    await page.getByRole('heading', { level: 1, name: 'worker' }).waitFor();
    await page.locator('polly-chart canvas').first().waitFor();
    await inspect(page, 'container-overview');
    await page.getByRole('link', { name: 'Configuration' }).click();
    await page.getByRole('region', { name: 'Process' }).getByText('sh').first().waitFor();
    await inspect(page, 'container-config');
  });

  step('the overview shows hosts, states, consumers and what needs attention', async ({ page }) => {
    await docker(third, 'run', '-d', '--name', 'broken', '--label', 'polly-e2e=1', 'busybox:1.35', 'sh', '-c', 'exit 3');
    await go(page, 'Overview');
    await page.getByRole('region', { name: 'Needs attention' }).getByText('broken').waitFor();
    await page.getByRole('region', { name: 'Top consumers' }).getByText('worker').first().waitFor({ timeout: 20_000 });
    await inspect(page, 'overview');
  });

  step('anything is a few keys away', async ({ page }) => {
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('gamma');
    await page.getByRole('option', { name: /gamma/ }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'gamma' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('Search and commands').waitFor();
    await page.keyboard.press('Escape');
  });

  step('a machine shows its facts and what it does', async ({ page }) => {
    await page.locator('polly-chart canvas').first().waitFor({ timeout: 20_000 });
    await page.getByText(/Debian|Linux/).first().waitFor();
    await inspect(page, 'machine-overview');
  });

  step('a host that loses its power is unreachable, says so on its rows, and comes back by itself', async ({ page }) => {
    await go(page, 'Machines');
    await labCommand('kill', third.name);
    const line = row(page, 'gamma');
    await line.getByText('Unreachable').waitFor({ timeout: 45_000 });
    await inspect(page, 'machines-unreachable');
    await go(page, 'Containers');
    await page.getByRole('row', { name: /shop.*gamma/ }).getByText('not live').waitFor();
    await row(page, 'worker').getByText('running').waitFor();
    await inspect(page, 'fleet-unreachable');
    await labCommand('start', third.name);
    await go(page, 'Machines');
    await line.getByText('Online').waitFor({ timeout: 90_000 });
  });

  step('a changed host key stops the work on that host alone', async ({ page }) => {
    const now = (await labCommand('newkey', second.name)).hosts.find((host) => host.name === second.name);
    await row(page, 'beta').getByText(/key changed/i).waitFor({ timeout: 45_000 });
    await row(page, 'alpha').getByText('Online').waitFor();
    await row(page, 'beta').getByRole('link', { name: 'beta' }).click();
    await page.getByRole('list', { name: 'Accepted before' }).getByText(second.fingerprint).waitFor();
    await page.getByRole('list', { name: 'Offered now' }).getByText(now.fingerprint).waitFor();
  });
});
