// The keys of a host: a login key made here and put on the host, and a host key that changes under us.
import { describe } from 'node:test';
import assert from 'node:assert/strict';
import { stage } from '../helpers/stage.mjs';
import { lab, labCommand, on, runContainer } from '../helpers/lab.mjs';
import { inspect } from '../helpers/browser.mjs';
import { addHost, go, openTab, row } from '../helpers/steps.mjs';

const host = lab.hosts[0];
const badge = (page) => page.locator('.page-head');

describe('the keys of a host', () => {
  const here = stage({ hosts: [host], server: { env: { POLLY_KEY_PROBE_SECONDS: '2' } } });
  const { step } = here;

  step('a key made here lets us in once it is on the host', async ({ page, server, undo }) => {
    await runContainer(host, 'kept');
    await page.goto(server.url('/machines/new'));
    await addHost(page, { name: 'alpha', user: lab.user, address: host.address, port: host.port });
    const line = page.locator('code').filter({ hasText: /^ssh-ed25519 / });
    const mine = (await line.textContent()).trim();
    undo(() => on(host, 'sh', '-c', `grep -vF '${mine}' ~/.ssh/authorized_keys > ~/.ssh/rest; cat ~/.ssh/rest > ~/.ssh/authorized_keys; rm ~/.ssh/rest`));
    await page.getByRole('list', { name: 'Offered now' }).getByText(host.fingerprint).waitFor();
    await page.getByRole('button', { name: 'Trust these keys' }).click();
    // The host does not know the key yet, and the page says what is refused.
    await badge(page).getByText('Unreachable').waitFor({ timeout: 20_000 });
    await inspect(page, 'machine-key-refused');
    await on(host, 'sh', '-c', `echo '${mine}' >> ~/.ssh/authorized_keys`);
    await page.getByRole('button', { name: 'Reconnect' }).click();
    await badge(page).getByText('Online').waitFor({ timeout: 30_000 });
    await openTab(page, 'Containers');
    await row(page, 'kept').getByText('running').waitFor();
  });

  step('a changed host key stops all work and shows both fingerprints', async ({ page }) => {
    const now = (await labCommand('newkey', host.name)).hosts.find((h) => h.name === host.name);
    assert.notEqual(now.fingerprint, host.fingerprint);
    await openTab(page, 'Overview');
    await page.getByRole('heading', { name: 'Its host keys changed' }).waitFor({ timeout: 30_000 });
    await page.getByRole('list', { name: 'Accepted before' }).getByText(host.fingerprint).waitFor();
    await page.getByRole('list', { name: 'Offered now' }).getByText(now.fingerprint).waitFor();
    await inspect(page, 'machine-key-changed');
    await go(page, 'Containers');
    await page.getByText('alpha: not live').waitFor();
    await go(page, 'Machines');
    await row(page, 'alpha').getByText(/key changed/i).waitFor();
  });

  step('trusting the new keys mends it', async ({ page }) => {
    await row(page, 'alpha').getByRole('link', { name: 'alpha' }).click();
    await page.getByRole('checkbox', { name: /I know why the keys changed/ }).check();
    await page.getByRole('button', { name: 'Trust the new keys' }).click();
    await badge(page).getByText('Online').waitFor({ timeout: 30_000 });
    await openTab(page, 'Containers');
    await row(page, 'kept').getByText('running').waitFor();
    await runContainer(host, 'later');
    await row(page, 'later').getByText('running').waitFor();
  });
});
