// WB-01 where nothing is stored: what a form refuses, and what a host says that nobody has trusted yet.
import { describe } from 'node:test';
import assert from 'node:assert/strict';
import { live } from '../helpers/browser.mjs';
import { P2, onlyText, sshLiar, watchLoads } from '../helpers/hostile.mjs';
import { addHost } from '../helpers/steps.mjs';
import { stage } from '../helpers/stage.mjs';

describe('hostile text that is refused', () => {
  const { step } = stage({ prepare: watchLoads });

  step('wb_01 what a form refuses is said with the words that were typed', async ({ page, server, watch }) => {
    watch.tolerate = /400/; // Chromium reports the refusal itself
    await page.goto(server.url('/machines/new'));
    await live(page);
    const form = page.getByRole('form', { name: 'Add a host over SSH' });
    const good = { Name: 'plain', Address: '192.0.2.1', Port: '22', User: 'polly' };
    const refused = [['Name', `turned\u202e ${P2[1]}`, 'visible characters'], ['Address', P2[1], 'host name'], ['Port', P2[3], '65535'], ['User', P2[0], 'lower-case']];
    for (const [label, text, why] of refused) {
      for (const [other, value] of Object.entries({ ...good, [label]: text })) await form.getByLabel(other, { exact: true }).fill(value);
      await form.getByRole('button', { name: 'Add host' }).click();
      await page.locator('.field-error', { hasText: why }).waitFor();
      await onlyText(page, `${label} refused`, [text]);
    }
    watch.tolerate = null;
  });

  step('wb_01 the same without script, where the answer is a page of its own', async ({ server, another }) => {
    const plain = await another({ javaScriptEnabled: false });
    watchLoads(plain);
    const tab = await plain.context.newPage();
    for (const [label, text] of [['Address', P2[1]], ['User', P2[0]], ['Name', `turned\u202e ${P2[1]}`]]) {
      await tab.goto(server.url('/machines/new'));
      const form = tab.getByRole('form', { name: 'Add a host over SSH' });
      for (const [other, value] of Object.entries({ Name: 'plain', Address: '192.0.2.1', User: 'polly', [label]: text })) await form.getByLabel(other, { exact: true }).fill(value);
      await form.getByRole('button', { name: 'Add host' }).click();
      await tab.locator('.field-error').waitFor();
      await onlyText(tab, `${label} refused without script`, [text]);
    }
    await plain.context.close();
  });

  step('wb_01 what an unknown host says of itself is cut and has no control characters', async ({ page, server, undo }) => {
    const kinds = Array.from({ length: 500 }, (_, n) => `kind-${n}`);
    const liar = await sshLiar(['\x1b[31mred\x07', ...kinds].join(','));
    undo(() => liar.close());
    await page.goto(server.url('/machines/new'));
    await addHost(page, { name: 'endless', address: '127.0.0.1', port: liar.address().port, user: 'polly' });
    const said = page.locator('main').getByText(/it offers/);
    const text = await said.textContent();
    assert.match(text, /red/);
    assert.ok(text.length < 1_000, `${text.length} characters of a host that nobody knows`);
    assert.doesNotMatch(text, /[\x00-\x08\x0b-\x1f\x7f]/);
  });
});
