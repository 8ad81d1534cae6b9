// The main job, from an empty data directory: set up, enrol a host, see its containers, stop one.
import { describe } from 'node:test';
import assert from 'node:assert/strict';
import { stage } from '../helpers/stage.mjs';
import { docker, lab, privateKey, runContainer } from '../helpers/lab.mjs';
import { inspect, live, openLive } from '../helpers/browser.mjs';
import { addHost, go, openTab, row, setUp } from '../helpers/steps.mjs';

const host = lab.hosts[0];
const key = { user: lab.user, address: host.address, port: host.port };
// What Chromium itself reports while no server answers.
const CUT = /WebSocket connection|net::ERR_CONNECTION|Failed to load resource/;

for (const base of ['', '/polly']) {
  describe(`the main job at ${base || '/'}`, () => {
    const suffix = base ? '-base' : '';
    let second;
    const here = stage({ hosts: [host], server: { base }, signedIn: false });
    const { step } = here;

    step('the set-up code makes the first admin', async ({ page, server }) => {
      await page.goto(server.url('/machines'));
      assert.equal(new URL(page.url()).pathname, `${base}/setup`);
      await inspect(page, `setup${suffix}`);
      await setUp(page, server);
      await live(page);
      await inspect(page, `overview-empty${suffix}`);
    });

    step('a page without anything says what to do next', async ({ page }) => {
      await go(page, 'Containers');
      await page.getByRole('heading', { name: 'No host yet' }).waitFor();
      await go(page, 'Monitoring');
      await page.getByRole('heading', { name: 'No history yet' }).waitFor();
      await go(page, 'Activity');
      await go(page, 'Settings');
      await go(page, 'Machines');
      await inspect(page, `machines-empty${suffix}`);
      await page.getByRole('link', { name: 'Add the first host' }).click();
      await page.getByRole('heading', { level: 1, name: 'Add a host' }).waitFor();
      await inspect(page, `machine-new${suffix}`);
    });

    step('a host is enrolled after a person compared its keys', async ({ page }) => {
      await runContainer(host, 'before');
      await addHost(page, { name: 'alpha', ...key, key: privateKey() });
      const offered = page.getByRole('list', { name: 'Offered now' });
      await offered.getByText(host.fingerprint).waitFor();
      await inspect(page, `machine-untrusted${suffix}`);
      await page.getByRole('button', { name: 'Trust these keys' }).click();
      await page.locator('.page-head').getByText('Online').waitFor({ timeout: 20_000 });
      await inspect(page, `machine-online${suffix}`);
      await openTab(page, 'Containers');
      await row(page, 'before').getByText('running').waitFor();
      await inspect(page, `machine-containers${suffix}`);
      await openTab(page, 'Connection');
      await page.getByRole('table', { name: 'Last connects' }).getByText('connected').waitFor();
      await inspect(page, `machine-connection${suffix}`);
      await go(page, 'Machines');
      await row(page, 'alpha').getByText('Online').waitFor();
      await inspect(page, `machines${suffix}`);
      await page.getByRole('navigation', { name: 'View' }).getByRole('link', { name: 'Cards' }).click();
      await page.getByRole('list', { name: 'Machines' }).getByText('Online').waitFor();
      await inspect(page, `machines-cards${suffix}`);
    });

    step('a machine is given tags, and what was typed wrong is not lost', async ({ page, watch }) => {
      await page.getByRole('link', { name: 'alpha' }).click();
      await openTab(page, 'Settings');
      const form = page.getByRole('form', { name: 'Change the machine' });
      await form.getByLabel('Tags').fill('env=Prod');
      await form.getByLabel('Notes').fill('rack 4');
      watch.tolerate = /400/;
      await form.getByRole('button', { name: 'Save' }).click();
      await form.getByText('"env=Prod" is no tag').waitFor();
      assert.equal(await form.getByLabel('Notes').inputValue(), 'rack 4');
      await inspect(page, `machine-settings${suffix}`);
      watch.tolerate = null;
      await form.getByLabel('Tags').fill('env=prod web');
      await form.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('link', { name: 'env=prod' }).click();
      await page.getByRole('heading', { level: 1, name: 'Machines' }).waitFor();
      assert.match(page.url(), /tag=env%3Dprod|tag=env=prod/);
      await row(page, 'alpha').waitFor();
    });

    step('its containers stand in the HTML, without script', async ({ server, another }) => {
      const plain = await another({ javaScriptEnabled: false });
      const tab = await plain.context.newPage();
      await tab.goto(server.url('/containers'));
      await row(tab, 'before').getByText('running').waitFor();
      assert.equal(await tab.getByRole('table', { name: 'Containers' }).count(), 1);
      await tab.getByRole('searchbox').fill('nothing has this name');
      await tab.getByRole('button', { name: 'Filter' }).click();
      await tab.getByText('No container matches the filter').waitFor();
      await plain.context.close();
    });

    step('what happens on the host shows in every tab within a second', async ({ page, server, context }) => {
      await go(page, 'Containers');
      second = await openLive(context, server.url('/containers'));
      const seen = [page, second].map((tab) => row(tab, 'during').getByText('running').waitFor({ timeout: 5_000 }).then(() => Date.now()));
      await runContainer(host, 'during');
      const started = Date.now();
      const late = Math.max(...(await Promise.all(seen))) - started;
      assert.ok(late <= 1_000, `the row came ${late} ms after docker run`);
      await inspect(page, `containers${suffix}`);
    });

    step('stopping a container in one tab shows in the other', async ({ page }) => {
      await page.getByRole('button', { name: 'Stop during on alpha' }).click();
      await row(second, 'during').getByText(/exited/).waitFor();
      await page.getByRole('region', { name: 'Messages' }).getByText(/Stop during on alpha/).first().waitFor();
      assert.equal(await docker(host, 'inspect', '-f', '{{.State.Running}}', 'during'), 'false');
      await row(page, 'during').getByRole('link', { name: 'during' }).click();
      await page.getByRole('heading', { level: 1, name: 'during' }).waitFor();
      await inspect(page, `container${suffix}`);
      await go(page, 'Activity');
      await page.getByRole('link', { name: /Stop during on alpha/ }).first().click();
      await page.getByRole('heading', { level: 1, name: /Stop during/ }).waitFor();
      await inspect(page, `job${suffix}`);
    });

    step('a page outlives a restart of the server, and is right again', async ({ server, watch }) => {
      watch.tolerate = CUT;
      await server.down();
      await second.locator('.conn[data-state="reconnecting"], .conn[data-state="offline"]').waitFor();
      await docker(host, 'rm', '-f', 'during');
      await server.up();
      await live(second, 30_000);
      await row(second, 'during').waitFor({ state: 'detached', timeout: 20_000 });
      await row(second, 'before').getByText('running').waitFor();
      watch.tolerate = null;
    });

    step('a form works without script too', async ({ server, another }) => {
      const plain = await another({ javaScriptEnabled: false });
      const tab = await plain.context.newPage();
      await tab.goto(server.url('/containers'));
      await tab.getByRole('button', { name: 'Restart before on alpha' }).click();
      await tab.getByRole('heading', { level: 1, name: /Restart before on alpha/ }).waitFor();
      await tab.goto(server.url('/machines'));
      await row(tab, 'alpha').getByRole('link', { name: 'alpha' }).click();
      await tab.getByRole('navigation', { name: 'Machine' }).getByRole('link', { name: 'Settings' }).click();
      const form = tab.getByRole('form', { name: 'Delete the machine' });
      await form.getByLabel('Type its name').fill('beta');
      await form.getByRole('button', { name: 'Delete alpha' }).click();
      await tab.getByText("Type the machine's name, alpha").waitFor();
      await form.getByLabel('Type its name').fill('alpha');
      await form.getByRole('button', { name: 'Delete alpha' }).click();
      await tab.getByText('No host yet').waitFor();
      await plain.context.close();
    });
  });
}
