// A page is used before its script has come: forms post by themselves, what was typed stays, hydration is quiet.
import { describe } from 'node:test';
import assert from 'node:assert/strict';
import { stage } from '../helpers/stage.mjs';
import { live } from '../helpers/browser.mjs';
import { admin, logIn } from '../helpers/steps.mjs';

describe('a slow line', () => {
  let release;
  const here = stage();
  const { step } = here;
  // Holds the bundle back until `release()`.
  const hold = async () => {
    const gate = new Promise((open) => (release = open));
    here.undo(release);
    await here.page.unroute('**/*.wasm');
    await here.page.route('**/*.wasm', async (route) => {
      await gate;
      await route.continue().catch(() => {}); // the page may be gone by then
    });
  };

  step('what is typed before hydration is there after it', async ({ page, server }) => {
    await hold();
    await page.goto(server.url('/machines/new'), { waitUntil: 'domcontentloaded' });
    await page.getByLabel('Name', { exact: true }).fill('early');
    assert.equal(await page.locator('.conn[data-state="live"]').count(), 0);
    release();
    await live(page);
    assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'early');
  });

  step('a form posted before hydration does its work', async ({ page, server }) => {
    await hold();
    await page.goto(server.url('/machines/new'), { waitUntil: 'domcontentloaded' });
    const form = page.getByRole('form', { name: 'Add a host over SSH' });
    await form.getByLabel('Name').fill('early');
    await form.getByLabel('Address').fill('192.0.2.1');
    await form.getByLabel('User').fill('polly');
    await form.getByRole('button', { name: 'Add host' }).click();
    await page.getByRole('heading', { level: 1, name: 'early' }).waitFor({ timeout: 30_000 });
    release();
    await live(page);
  });

  step('its error stands on the page, and still does after hydration', async ({ page, server }) => {
    await hold();
    await page.goto(server.url('/machines/new'), { waitUntil: 'domcontentloaded' });
    const form = page.getByRole('form', { name: 'Add a host over SSH' });
    await form.getByLabel('Name').fill('bad one');
    await form.getByLabel('Address').fill('-oProxyCommand=x');
    await form.getByLabel('User').fill('polly');
    await form.getByRole('button', { name: 'Add host' }).click();
    await page.locator('.field-error').waitFor();
    assert.equal(new URL(page.url()).search, '', 'nothing of it is in the address');
    const said = await page.locator('.field-error').textContent();
    release();
    await live(page);
    assert.equal(await page.locator('.field-error').textContent(), said);
    assert.equal(await form.getByLabel('Name').inputValue(), 'bad one');
  });

  step('a wrong password is said by the login page, once', async ({ page, server, another }) => {
    release?.();
    await page.unroute('**/*.wasm');
    const stranger = await another({ storageState: undefined });
    const tab = await stranger.context.newPage();
    await tab.goto(server.url('/login'));
    await tab.getByLabel('Name').fill(admin.name);
    await tab.getByLabel('Password').fill('not the password');
    await tab.getByRole('button', { name: 'Log in' }).click();
    await tab.getByRole('alert').waitFor();
    assert.equal(await tab.getByLabel('Name').inputValue(), admin.name);
    await tab.reload();
    await tab.getByRole('button', { name: 'Log in' }).waitFor();
    assert.equal(await tab.getByRole('alert').count(), 0);
    await logIn(tab, server);
    await stranger.context.close();
  });

  step('a page of an older build says so when it calls, and keeps what was typed', async ({ page, server, watch }) => {
    await page.goto(server.url('/machines/new'));
    await live(page);
    const form = page.getByRole('form', { name: 'Add a host over SSH' });
    await form.getByLabel('Name').fill('typed before');
    await form.getByLabel('Address').fill('192.0.2.2');
    await form.getByLabel('User').fill('polly');
    await page.evaluate(() => (document.documentElement.dataset.build = 'older'));
    watch.tolerate = /412/;
    await form.getByRole('button', { name: 'Add host' }).click();
    await page.getByText('The server was updated', { exact: true }).waitFor();
    assert.equal(await form.getByLabel('Name').inputValue(), 'typed before');
    watch.tolerate = null;
  });
});
