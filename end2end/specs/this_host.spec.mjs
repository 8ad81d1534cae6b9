// The host that the server runs on: one click, no key. A host of the lab lends its engine's socket.
import { describe } from 'node:test';
import { stage } from '../helpers/stage.mjs';
import { lab, runContainer } from '../helpers/lab.mjs';
import { inspect } from '../helpers/browser.mjs';
import { go, openTab, row } from '../helpers/steps.mjs';

const host = lab.hosts[0];

describe('this host', () => {
  const here = stage({ hosts: [host], server: { env: { DOCKER_HOST: `unix:///proc/${host.pid}/root/run/docker.sock` } } });
  const { step } = here;

  step('one click adds it, and its containers are there', async ({ page, server }) => {
    await runContainer(host, 'local-1');
    await page.goto(server.url('/machines/new'));
    await page.getByRole('button', { name: 'Add this host' }).click();
    await page.locator('.page-head').getByText('Online').waitFor({ timeout: 20_000 });
    await inspect(page, 'machine-this-host');
    await openTab(page, 'Containers');
    await row(page, 'local-1').getByText('running').waitFor();
  });

  step('what happens on it shows, and it can be changed', async ({ page }) => {
    await go(page, 'Containers');
    await runContainer(host, 'local-2');
    await row(page, 'local-2').getByText('running').waitFor({ timeout: 5_000 });
    await page.getByRole('button', { name: /^Stop local-2 on / }).click();
    await row(page, 'local-2').getByText(/exited/).waitFor();
  });
});
