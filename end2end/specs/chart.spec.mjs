// The chart element by itself, under the real policy: draws, follows theme and size, says its values, goes cleanly.
import { describe } from 'node:test';
import assert from 'node:assert/strict';
import { stage } from '../helpers/stage.mjs';
import { live } from '../helpers/browser.mjs';

describe('a chart', () => {
  const here = stage({ prepare: ({ page }) => live(page) });
  const { step } = here;
  const chart = () => here.page.locator('polly-chart').first();
  // Colours of the canvas by how often they stand there, without what is empty.
  const colours = () =>
    chart().evaluate((element) => {
      const canvas = element.querySelector('canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const seen = {};
      for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) seen[data.slice(i, i + 3).join()] = (seen[data.slice(i, i + 3).join()] ?? 0) + 1;
      return seen;
    });
  const ink = (name) =>
    here.page.evaluate((name) => {
      const probe = document.body.appendChild(document.createElement('i'));
      probe.style.color = `var(${name})`;
      const [r, g, b] = getComputedStyle(probe).color.match(/\d+/g);
      probe.remove();
      return `${r},${g},${b}`;
    }, name);

  step('it draws what it was given before its script came', async ({ page }) => {
    await page.evaluate(() => {
      const at = Array.from({ length: 120 }, (_, n) => Date.UTC(2026, 0, 2, 3, 0, 0) + n * 5000);
      const values = at.map((_, n) => (n > 50 && n < 70 ? null : 0.4 + 0.2 * Math.sin(n / 9)));
      for (const unit of ['ratio', 'bytes']) {
        const element = document.createElement('polly-chart');
        element.className = 'chart-plot';
        element.setAttribute('unit', unit);
        element.text = (value, short) => (short ? `${value}` : `${value.toFixed(2)} of ${unit}`);
        element.data = { at, lines: [{ title: 'First', values: values.map((v) => v && v * (unit === 'bytes' ? 2 ** 30 : 1)) }, { title: 'Second', values: at.map(() => 0.1) }] };
        document.querySelector('main').append(element);
      }
      const script = document.createElement('script');
      script.type = 'module';
      script.src = `${document.documentElement.dataset.package}/chart.js`;
      document.head.append(script);
    });
    await chart().locator('canvas').waitFor();
    assert.ok((await colours())[await ink('--chart-1')] > 20, 'the first line has its colour');
  });

  step('the cursor says the values, in both charts of the page', async ({ page }) => {
    const box = await chart().locator('.u-over').boundingBox();
    await page.mouse.move(box.x + 20, box.y + 20);
    const tips = page.locator('.chart-tip');
    await tips.first().getByText(/of ratio/).first().waitFor();
    await tips.last().getByText(/of bytes/).first().waitFor();
    assert.match(await tips.first().locator('p').first().textContent(), /^04:00:/, 'local time: Berlin is an hour ahead');
    await page.mouse.move(box.x + box.width / 2, box.y + 20);
    await tips.first().getByText('—').waitFor(); // the gap
    await page.mouse.move(5, 5);
    await tips.first().waitFor({ state: 'hidden' });
  });

  step('it follows the theme and the size of its place', async ({ page }) => {
    await page.evaluate(() => document.documentElement.setAttribute('data-theme', 'dark'));
    const dark = await ink('--chart-1');
    await page.waitForTimeout(100);
    assert.ok((await colours())[dark] > 20, 'drawn anew in the dark colour');
    await page.evaluate(() => document.documentElement.setAttribute('data-theme', 'system'));
    await page.setViewportSize({ width: 360, height: 740 });
    await page.waitForFunction(() => {
      const chart = document.querySelector('polly-chart');
      return chart.querySelector('.uplot').offsetWidth === chart.clientWidth;
    });
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  step('new data, no data, and its end', async ({ page }) => {
    await chart().evaluate((element) => (element.data = { at: [], lines: [{ title: 'First', values: [] }] }));
    await chart().evaluate((element) => (element.data = { at: [1_000, 2_000], lines: [{ title: 'First', values: [1, null] }] }));
    await chart().evaluate((element) => element.remove());
    const parent = await page.evaluate(() => document.querySelectorAll('polly-chart').length);
    assert.equal(parent, 1);
  });
});
