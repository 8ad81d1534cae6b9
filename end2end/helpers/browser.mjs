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

// How long a page takes to paint a frame, in milliseconds: what somebody waits who clicks now.
export const frame = (page) =>
  page.evaluate(() => {
    const from = performance.now();
    return new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now() - from))));
  });

// Keeps hold of the memory of each WebAssembly module that a page of this context loads, for `memory`.
export const watchMemory = (context) =>
  context.addInitScript(() => {
    window.__memories = [];
    for (const name of ['instantiate', 'instantiateStreaming']) {
      const real = WebAssembly[name];
      WebAssembly[name] = async (...given) => {
        const made = await real.apply(WebAssembly, given);
        const all = Object.values((made.instance ?? made).exports);
        window.__memories.push(...all.filter((it) => it instanceof WebAssembly.Memory));
        return made;
      };
    }
  });

export async function collectGarbage(page) {
  const devtools = await page.context().newCDPSession(page);
  for (let n = 0; n < 2; n++) await devtools.send('HeapProfiler.collectGarbage'); // wrappers first, then what they held
  await devtools.detach();
}

// What a page holds, in bytes: the script's heap, the module's memory, and how many nodes it has.
export async function memory(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable');
  const { metrics } = await devtools.send('Performance.getMetrics');
  await devtools.detach();
  const of = (name) => metrics.find((metric) => metric.name === name).value;
  const wasm = await page.evaluate(() => window.__memories.map((memory) => memory.buffer.byteLength));
  assert.notEqual(wasm.length, 0, 'the module has a memory');
  return { heap: of('JSHeapUsedSize'), wasm: wasm.reduce((a, b) => a + b), nodes: of('Nodes') };
}
