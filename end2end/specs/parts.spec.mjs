// The bundle comes in parts: a page brings its own, once, and says so when it cannot be had.
import { describe } from 'node:test';
import assert from 'node:assert/strict';
import { stage } from '../helpers/stage.mjs';
import { live } from '../helpers/browser.mjs';
import { go } from '../helpers/steps.mjs';

const part = /\/pkg\/[^/]+\/split_(\w+)\.wasm$/;

describe('the parts of the bundle', () => {
  const here = stage();
  const { step } = here;
  // The names of the parts that are asked for while `work` goes on.
  const asked = async (page, work) => {
    const names = [];
    const note = (request) => names.push(...(part.exec(request.url())?.slice(1) ?? []));
    page.on('request', note);
    await work();
    page.off('request', note);
    return names;
  };

  step('a page brings its own part and no other, and another page the next one, once', async ({ page, server }) => {
    const first = await asked(page, async () => {
      await page.goto(server.url('/settings'));
      await live(page);
    });
    assert.deepEqual([...new Set(first)], ['pages']);
    const then = await asked(page, async () => {
      for (const label of ['Containers', 'Settings', 'Containers']) await go(page, label);
    });
    assert.deepEqual(then, ['containers']);
  });

  step('the head of the document names the part, so that it need not wait for the rest', async ({ page, server }) => {
    const html = await (await page.request.get(server.url('/containers'))).text();
    const head = html.slice(0, html.indexOf('</head>'));
    assert.match(head, /<link[^>]*href="[^"]*\/split_containers\.wasm"[^>]*rel="preload"/);
    assert.doesNotMatch(head, /split_(machines|pages|logs)/);
  });

  step('a part that cannot be fetched is told, and trying again brings the page', async ({ page, server, watch }) => {
    await page.goto(server.url('/settings'));
    await live(page);
    watch.tolerate = /ERR_FAILED|Failed to fetch/;
    await page.route('**/split_machines.wasm', (route) => route.abort());
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Machines' }).click();
    await page.getByRole('alert').getByText('could not be fetched').waitFor();
    await page.unroute('**/split_machines.wasm');
    await page.getByRole('link', { name: 'Try again' }).click();
    await page.getByRole('heading', { level: 1, name: 'Machines' }).waitFor();
    await live(page);
    watch.tolerate = null;
  });

  step('while a part is on its way a bar says so, and the page before it stays', async ({ page, server }) => {
    await page.goto(server.url('/settings'));
    await live(page);
    let release;
    const gate = new Promise((open) => (release = open));
    here.undo(release);
    await page.route('**/split_containers.wasm', async (route) => {
      await gate;
      await route.continue();
    });
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Containers' }).click();
    await page.getByRole('progressbar', { name: 'The page is being fetched' }).waitFor();
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
    release();
    await page.getByRole('heading', { level: 1, name: 'Containers' }).waitFor();
    await page.getByRole('progressbar').waitFor({ state: 'detached' });
  });
});
