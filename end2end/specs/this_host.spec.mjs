// The host that the server runs on: one click, no key. A host of the lab lends its engine's socket.
import { after, before, describe, test } from 'node:test';
import { Server } from '../helpers/server.mjs';
import { clear, lab, runContainer } from '../helpers/lab.mjs';
import { inspect, launch, openContext } from '../helpers/browser.mjs';
import { go, openTab, row, setUp, story } from '../helpers/steps.mjs';

const host = lab.hosts[0];

describe('this host', () => {
  let server, browser, context, watch, page;
  const step = story(test, () => ({ context, watch, server }));

  before(async () => {
    await clear(host);
    server = await Server.start({ env: { DOCKER_HOST: `unix:///proc/${host.pid}/root/run/docker.sock` } });
    browser = await launch();
    ({ context, watch } = await openContext(browser));
    page = await context.newPage();
    await setUp(page, server);
  });
  after(async () => {
    await browser?.close();
    await server?.remove();
    await clear(host);
  });

  step('one click adds it, and its containers are there', async () => {
    await runContainer(host, 'local-1');
    await page.goto(server.url('/machines/new'));
    await page.getByRole('button', { name: 'Add this host' }).click();
    await page.locator('.page-head').getByText('Online').waitFor({ timeout: 20_000 });
    await inspect(page, 'machine-this-host');
    await openTab(page, 'Containers');
    await row(page, 'local-1').getByText('running').waitFor();
    watch.check();
  });

  step('what happens on it shows, and it can be changed', async () => {
    await go(page, 'Containers');
    await runContainer(host, 'local-2');
    await row(page, 'local-2').getByText('running').waitFor({ timeout: 5_000 });
    await page.getByRole('button', { name: /^Stop local-2 on / }).click();
    await row(page, 'local-2').getByText(/exited/).waitFor();
    watch.check();
  });
});
