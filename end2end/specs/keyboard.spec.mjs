// Without a mouse: enrol a host, find a container, stop it; and the palette and the shortcuts themselves.
import { describe } from 'node:test';
import assert from 'node:assert/strict';
import { stage } from '../helpers/stage.mjs';
import { docker, lab, privateKey, runContainer } from '../helpers/lab.mjs';
import { inspect, live } from '../helpers/browser.mjs';
import { tabTo } from '../helpers/steps.mjs';

const host = lab.hosts[0];
const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim());

describe('the keyboard alone', () => {
  const here = stage({ hosts: [host], prepare: ({ page }) => live(page) });
  const { step } = here;
  const heading = (name) => here.page.getByRole('heading', { level: 1, name });
  // Somebody who types fills a field and goes on with Tab.
  const write = async (label, text) => {
    await tabTo(here.page, here.page.getByLabel(label, { exact: true }));
    await here.page.keyboard.press('ControlOrMeta+a');
    await here.page.keyboard.insertText(text);
  };

  step('a page change puts the focus on the new heading', async ({ page }) => {
    await page.keyboard.press('g');
    await page.keyboard.press('m');
    await heading('Machines').waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
    assert.equal(await focused(page), 'Machines');
  });

  step('a host is enrolled', async ({ page }) => {
    await runContainer(host, 'by-keyboard');
    await tabTo(page, page.getByRole('link', { name: 'Add the first host' }));
    await page.keyboard.press('Enter');
    await heading('Add a host').waitFor();
    await write('Name', 'alpha');
    await write('Address', host.address);
    await write('Port', String(host.port));
    await write('User', lab.user);
    await tabTo(page, page.getByRole('radio', { name: /Make a new key/ }));
    await page.keyboard.press('ArrowDown');
    await write('Private key', privateKey());
    await tabTo(page, page.getByRole('button', { name: 'Add host' }));
    await page.keyboard.press('Enter');
    await heading('alpha').waitFor();
    await page.getByRole('list', { name: 'Offered now' }).getByText(host.fingerprint).waitFor();
    await tabTo(page, page.getByRole('button', { name: 'Trust these keys' }));
    await page.keyboard.press('Enter');
    await page.locator('.page-head').getByText('Online').waitFor({ timeout: 20_000 });
  });

  step('the palette finds its container, and it is stopped', async ({ page }) => {
    await page.keyboard.press('ControlOrMeta+k');
    const palette = page.getByRole('dialog', { name: 'Search and commands' });
    await palette.getByRole('combobox').waitFor();
    await page.keyboard.type('by-key');
    const option = palette.getByRole('option', { name: /by-keyboard/ });
    await option.waitFor();
    await inspect(page, 'palette');
    assert.equal(await option.getAttribute('aria-selected'), 'true');
    await page.keyboard.press('Enter');
    await heading('by-keyboard').waitFor();
    assert.equal(await palette.isVisible(), false);
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
    await tabTo(page, page.getByRole('button', { name: /^Stop/ }).first());
    await page.keyboard.press('Enter');
    await page.locator('.page-head').getByText(/exited/).waitFor({ timeout: 20_000 });
    assert.equal(await docker(host, 'inspect', '-f', '{{.State.Running}}', 'by-keyboard'), 'false');
  });

  step('the palette does what the page offers', async ({ page }) => {
    await page.keyboard.press('ControlOrMeta+k');
    const palette = page.getByRole('dialog', { name: 'Search and commands' });
    await palette.getByRole('combobox').waitFor();
    assert.equal(await palette.getByRole('option', { name: /^Stop by-keyboard/ }).count(), 0, 'it is stopped already');
    await page.keyboard.type('start by-key');
    await palette.getByRole('option', { name: /^Start by-keyboard on alpha/, selected: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.page-head').getByText(/running/).waitFor({ timeout: 20_000 });
  });

  step('what was gone to lately comes first, and arrows go round', async ({ page }) => {
    await page.keyboard.press('ControlOrMeta+k');
    const options = page.getByRole('dialog', { name: 'Search and commands' }).getByRole('option');
    await options.first().waitFor();
    assert.match(await options.first().textContent(), /by-keyboard/);
    await page.keyboard.press('ArrowUp');
    assert.equal(await options.last().getAttribute('aria-selected'), 'true');
    await page.keyboard.press('ArrowDown');
    assert.equal(await options.first().getAttribute('aria-selected'), 'true');
    await page.keyboard.press('Escape');
    await options.first().waitFor({ state: 'hidden' });
    // The focus leaves what is no longer shown with the next frame.
    await page.waitForFunction(() => document.activeElement?.tagName !== 'INPUT');
  });

  step('the question mark lists the keys, and keys typed into a field are text', async ({ page }) => {
    await page.keyboard.press('?');
    const list = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await list.getByText('Search and commands').waitFor();
    await inspect(page, 'shortcuts');
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    assert.ok(await list.isVisible(), 'keys behind a modal dialog do nothing');
    await page.keyboard.press('Escape');
    await list.waitFor({ state: 'hidden' });
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await heading('Containers').waitFor();
    await page.getByRole('searchbox').first().focus();
    await page.keyboard.type('gm?');
    assert.equal(await page.getByRole('searchbox').first().inputValue(), 'gm?');
    assert.equal(await list.isVisible(), false);
  });
});
