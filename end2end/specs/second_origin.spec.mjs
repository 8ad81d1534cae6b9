// WB-05 with a real second origin: a page of another port, whose requests carry our cookies, changes nothing.
import { describe } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { stage } from '../helpers/stage.mjs';

describe('a page of another origin', () => {
  let evil;
  const prepare = async ({ watch, undo }) => {
    const other = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end('<!doctype html><title>other</title><body></body>'));
    undo(() => other.close());
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    evil = `http://127.0.0.1:${other.address().port}/`;
    // Here the browser's own complaints are what we want to see.
    watch.tolerate = /./;
  };
  const here = stage({ prepare });
  const { step } = here;
  // What the server wrote into its log: the browser keeps such answers from scripts, and from us.
  const refusals = () => here.server.log.split('refused request of another origin').length - 1;
  // The plugins as the settings page shows them: what an attack would have changed.
  const running = async () => {
    const tab = await here.context.newPage();
    await tab.goto(here.server.url('/settings'));
    const names = await tab.getByRole('button', { name: /^Stop / }).count();
    await tab.close();
    return names;
  };

  for (const kind of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
    step(`wb_05 a form of kind ${kind} is refused and has no effect`, async ({ server, context }) => {
      const before = await running();
      const tab = await context.newPage();
      await tab.goto(evil);
      const answered = tab.waitForResponse((answer) => answer.url().endsWith('/api/settings/stop_plugin'));
      await tab.evaluate(
        ([action, enctype]) => {
          const form = Object.assign(document.createElement('form'), { method: 'post', action, enctype });
          form.append(Object.assign(document.createElement('input'), { name: 'id', value: 'monitoring' }));
          document.body.append(form);
          form.submit();
        },
        [server.url('/api/settings/stop_plugin'), kind],
      );
      const answer = await answered;
      assert.equal(answer.status(), 403);
      assert.match((await answer.request().allHeaders()).cookie ?? '', /polly_access/, 'the cookies went along: only the origin refuses it');
      await tab.close();
      assert.equal(await running(), before);
    });
  }

  step('wb_05 a fetch is refused and has no effect, with and without CORS', async ({ server, context }) => {
    const before = await running();
    const tab = await context.newPage();
    await tab.goto(evil);
    for (const mode of ['no-cors', 'cors']) {
      const sofar = refusals();
      const read = await tab.evaluate(
        ([address, mode]) => fetch(address, { method: 'POST', mode, credentials: 'include', body: new URLSearchParams({ id: 'monitoring' }) }).then((a) => a.text(), () => ''),
        [server.url('/api/settings/stop_plugin'), mode],
      );
      assert.equal(read, '', `${mode}: nothing of the answer can be read`);
      assert.equal(refusals(), sofar + 1, `${mode}: the server refused it`);
    }
    const read = await tab.evaluate((address) => fetch(address, { credentials: 'include' }).then((a) => a.text(), () => 'refused'), server.url('/settings'));
    assert.equal(read, 'refused', 'nor can it read our pages');
    await tab.close();
    assert.equal(await running(), before);
  });

  step('wb_05 a socket does not open', async ({ server, context }) => {
    const tab = await context.newPage();
    await tab.goto(evil);
    const outcome = await tab.evaluate(
      (address) =>
        new Promise((done) => {
          const socket = new WebSocket(address);
          socket.onopen = () => done('open');
          socket.onerror = () => done('refused');
        }),
      server.url('/live').replace('http', 'ws'),
    );
    assert.equal(outcome, 'refused');
    await tab.close();
  });

  step('wb_05 a link, an image and a frame change nothing', async ({ server, context }) => {
    const before = await running();
    const tab = await context.newPage();
    await tab.goto(evil);
    await tab.evaluate((address) => {
      document.body.append(Object.assign(new Image(), { src: address }), Object.assign(document.createElement('iframe'), { src: address }));
    }, server.url('/api/settings/stop_plugin?id=monitoring'));
    await tab.goto(server.url('/api/settings/stop_plugin?id=monitoring'));
    await tab.close();
    assert.equal(await running(), before);
  });
});
