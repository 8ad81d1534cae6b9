// WB-01: whatever a host or a person writes is text on every page: shown letter by letter, and never markup,
// whether the page comes without script, is hydrated, or has no policy that would stop a script.
import { describe } from 'node:test';
import assert from 'node:assert/strict';
import { enrol, lab, privateKey } from '../helpers/lab.mjs';
import { live } from '../helpers/browser.mjs';
import { pages, strangerPages } from '../helpers/hostile_pages.mjs';
import { P2, hostile, onlyText, sshLiar, watchLoads } from '../helpers/hostile.mjs';
import { plantBroken, plantLoud, plantSocket, plantSystem } from '../helpers/planted.mjs';
import { addHost, row } from '../helpers/steps.mjs';
import { stage } from '../helpers/stage.mjs';

const [host, other] = lab.hosts;
// Names of machines: the enrolled ones, one that is the first again, one whose host lies about its keys.
const [SHOP, STORE, AGAIN, LIAR] = [P2[0], P2[1], `${P2[3]} ${P2[4]}`, P2[2]];
const NOTES = hostile('notes');
const KINDS = P2[3];

describe('hostile text', () => {
  const { step } = stage({ hosts: [host, other], server: { env: { POLLY_KEY_PROBE_SECONDS: '3600' } }, prepare: watchLoads });
  const planted = {};
  const idOf = async (page, server, name) => {
    await page.goto(server.url('/machines'));
    return (await row(page, name).getByRole('link', { name, exact: true }).getAttribute('href')).split('/').pop();
  };

  step('wb_01 machines take hostile names and notes, and their hosts say hostile things', async ({ page, server, undo }) => {
    planted.facts = await plantSystem(host, undo);
    planted.loud = await plantLoud(host, undo);
    planted.broken = await plantBroken(host);
    planted.socket = await plantSocket(other, undo);
    await enrol(page, server, SHOP, host);
    await enrol(page, server, STORE, other);
    const liar = await sshLiar(KINDS);
    undo(() => liar.close());
    const alike = { user: lab.user, key: privateKey() };
    for (const [name, address, port] of [[AGAIN, host.address, host.port], [LIAR, '127.0.0.1', liar.address().port]]) {
      await page.goto(server.url('/machines/new'));
      await addHost(page, { name, address, port, ...alike });
    }
    for (const name of [SHOP, STORE, AGAIN, LIAR]) planted[name] = await idOf(page, server, name);
  });

  step('wb_01 a machine is changed to hostile notes and a hostile socket, and a tag is refused by its name', async ({ page, server, watch }) => {
    const change = async (name, fields) => {
      await page.goto(server.url(`/machines/${planted[name]}/settings`));
      await live(page);
      const form = page.getByRole('form', { name: 'Change the machine' });
      for (const [label, text] of Object.entries(fields)) await form.getByLabel(label, { exact: true }).fill(text);
      const answer = page.waitForResponse((response) => response.request().method() === 'POST');
      await form.getByRole('button', { name: 'Save' }).click();
      return (await answer).status();
    };
    const tag = P2[3].replace(' ', '/');
    watch.tolerate = /400/;
    assert.equal(await change(SHOP, { Tags: tag, Notes: NOTES }), 400);
    await onlyText(page, 'a refused tag', [`"${tag}" is no tag`, NOTES]);
    watch.tolerate = null;
    assert.equal(await change(SHOP, { Tags: 'env=prod', Notes: NOTES }), 200);
    assert.equal(await change(STORE, { 'Docker socket': planted.socket }), 200);
  });

  step('wb_01 a job that fails says so in a message, and the palette lists what has hostile names', async ({ page, server }) => {
    await page.goto(server.url('/containers?q=broken'));
    await live(page);
    await page.getByRole('button', { name: `Start broken on ${SHOP}`, exact: true }).click();
    const message = `Start broken on ${SHOP}: failed`;
    await page.getByRole('region', { name: 'Messages' }).getByText(message).waitFor({ timeout: 30_000 });
    await onlyText(page, 'a message', [message, planted.broken.error]);
    await page.keyboard.press('ControlOrMeta+k');
    const palette = page.getByRole('dialog', { name: 'Search and commands' });
    await palette.getByRole('combobox').fill(P2[3]);
    await palette.getByRole('option', { name: AGAIN }).waitFor();
    await onlyText(page, 'the palette', [AGAIN]);
    await palette.getByRole('combobox').fill(hostile('asked'));
    await palette.getByText('Nothing has that name').waitFor();
    await onlyText(page, 'the palette that finds nothing', [hostile('asked')]);
    await palette.getByRole('combobox').fill(AGAIN);
    await palette.getByRole('option', { name: AGAIN }).first().click();
    await page.getByRole('heading', { level: 1, name: AGAIN }).waitFor();
    await page.keyboard.press('ControlOrMeta+k');
    await onlyText(page, 'what was gone to lately', [AGAIN]);
    await page.keyboard.press('Escape');
    await page.goto(server.url('/activity'));
    planted.job = await page.getByRole('link', { name: `Start broken on ${SHOP}` }).first().getAttribute('href');
    planted.kinds = KINDS;
  });

  step('wb_01 the check itself sees a payload that became markup', async ({ another }) => {
    const open = await another({ bypassCSP: true });
    const tab = await open.context.newPage();
    const became = [
      [P2[1], /an element that no page has/],
      [`<textarea>${P2[1]}`, /an element that no page has/],
      [P2[3], /the attribute onload/],
      [`<p title="${P2[2]}">x</p>`, /the attribute onmouseover/],
      [`<a href="${P2[4]}">x</a>`, /an address that runs/],
      [P2[0], /a script/],
    ];
    for (const [payload, seen] of became) {
      await tab.setContent(`<!doctype html><body>${payload}`);
      await assert.rejects(onlyText(tab, payload), seen);
    }
    await open.context.close();
  });

  // The policy is what saves us when the escaping fails; the last way shows that the escaping alone is enough.
  const ways = [
    ['without script', { javaScriptEnabled: false }],
    ['after hydration', {}],
    ['after hydration and without a policy', { bypassCSP: true }],
  ];
  for (const [way, options] of ways) {
    step(`wb_01 every page shows it as text ${way}`, async ({ server, another }) => {
      const names = [SHOP, STORE, AGAIN, LIAR];
      const scripts = options.javaScriptEnabled !== false;
      const wrong = [];
      for (const [who, list] of [[{}, pages(planted, names)], [{ storageState: undefined }, strangerPages]]) {
        const opened = await another({ ...options, ...who });
        watchLoads(opened);
        const tab = await opened.context.newPage();
        for (const [path, texts] of list) {
          opened.watch.tolerate = path.startsWith('/nowhere/') ? /404/ : null;
          await tab.goto(server.url(path), { waitUntil: 'load' });
          if (scripts && (await tab.locator('.conn').count())) await live(tab);
          await onlyText(tab, path, texts, scripts ? 20_000 : 0).catch((error) => wrong.push(error.message));
        }
        await opened.context.close();
      }
      assert.deepEqual(wrong, []);
    });
  }

  step('wb_01 a filter by a hostile tag that no host has is shown, and can be taken out again', async ({ page, server }) => {
    const tag = hostile('tag');
    await page.goto(server.url(`/containers?tag=${encodeURIComponent(tag)}`));
    await live(page);
    await onlyText(page, 'a filter by tag', [`tag: ${tag}`, 'No container matches the filter']);
    await page.getByRole('link', { name: `Remove the filter tag: ${tag}` }).click();
    await row(page, 'loud').waitFor();
  });
});
