// Chromium, and a watch on every page: what a console, the content security policy, an exception or
// hydration complains about fails the story.
import { chromium } from 'playwright-core';
import { createRequire } from 'node:module';
import { readFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const out = fileURLToPath(new URL('../out/', import.meta.url));
mkdirSync(out, { recursive: true });

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
export const launch = () =>
  chromium.launch({ executablePath: process.env.POLLY_CHROMIUM ?? '/usr/bin/chromium', headless: true, args: flags });

// Complaints of all pages of a context. While `tolerate` holds a pattern, what matches it is no complaint
// (a cut line makes Chromium itself report failed requests).
export class Watch {
  complaints = [];
  tolerate = null;

  add(text) {
    if (!this.tolerate?.test(text)) this.complaints.push(text);
  }
  check() {
    assert.deepEqual(this.complaints, [], 'the browser complained');
  }
}

export async function openContext(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
  context.setDefaultTimeout(15_000);
  const watch = new Watch();
  context.on('page', (page) => {
    page.on('console', (message) => {
      const where = `${message.type()} at ${page.url()}: ${message.text()}`;
      if (message.type() === 'error' || (message.type() === 'warning' && /hydrat|leptos|unexpected|panick/i.test(message.text()))) watch.add(where);
    });
    page.on('dialog', (dialog) => {
      watch.add(`dialog at ${page.url()}: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on('pageerror', (error) => watch.add(`exception at ${page.url()}: ${error.stack ?? error}`));
  });
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (e) => console.error(`CSP: ${e.violatedDirective} refused ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
  });
  return { context, watch };
}

// Opens a page and waits until it is alive: the line to the server stands.
export async function openLive(context, url) {
  const page = await context.newPage();
  await page.goto(url);
  await live(page);
  return page;
}

// The state of the line stands in the bar, in words.
export const live = (page, millis = 15_000) => page.locator('.conn[data-state="live"]').waitFor({ timeout: millis });

// No violation of the accessibility rules in either theme; keeps a screenshot of each and of a narrow one.
export async function inspect(page, name) {
  const { width, height } = page.viewportSize();
  for (const theme of ['light', 'dark']) {
    await page.evaluate((t) => document.documentElement.setAttribute('data-theme', t), theme);
    await page.waitForTimeout(200); // colours fade for 120 ms
    await accessible(page, `${name}, ${theme}`);
    await page.screenshot({ path: `${out}${name}-${theme}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 360, height: 740 });
  await accessible(page, `${name}, 360 px`);
  const wide = await page.evaluate(() => {
    if (document.documentElement.scrollWidth <= innerWidth) return [];
    return [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > innerWidth).map((e) => `${e.tagName} ${e.className}`);
  });
  assert.deepEqual(wide, [], `${name}: wider than a screen of 360 px`);
  await page.screenshot({ path: `${out}${name}-narrow.png`, fullPage: true });
  await page.setViewportSize({ width, height });
  await page.evaluate(() => document.documentElement.setAttribute('data-theme', 'system'));
}

export async function accessible(page, name) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
  const found = violations.map((v) => `${v.id}: ${v.help}\n  ${v.nodes.map((n) => `${n.html} ${n.failureSummary}`).join('\n  ')}`);
  assert.deepEqual(found, [], `axe on ${name}`);
}
