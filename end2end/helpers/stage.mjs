// What every story stands on: a server on an empty data directory, a browser with one signed-in page, a watch on
// what the pages complain of, lab hosts without containers of earlier stories; and all of it taken away after.
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';
import { launch, openContext, out } from './browser.mjs';
import { setUp } from './steps.mjs';

// Call it in a `describe`. `hosts` are the lab's hosts that the story uses, `server` is for Server.start,
// `signedIn: false` leaves the set-up to the story, `prepare` does what must be there before its first step.
// What comes back is filled when the first step runs; each step is called with it, and with the
// runner's own `test`.
export function stage({ hosts = [], server: how = {}, signedIn = true, prepare } = {}) {
  const it = { undone: [], watches: [] };
  // Does `work` when the story is over, however it ended: the last one first.
  it.undo = (work) => it.undone.unshift(work);
  // One more context, watched too: with the same session unless `options` say otherwise.
  it.another = async (options = {}) => {
    const more = await openContext(it.browser, { storageState: await it.context.storageState(), ...options });
    it.watches.push(more.watch);
    return more;
  };
  it.step = steps(it);

  before(async () => {
    await clearAll(hosts);
    it.server = await Server.start(how);
    it.browser = await launch();
    Object.assign(it, await openContext(it.browser));
    it.watches.push(it.watch);
    it.page = await it.context.newPage();
    if (signedIn) await setUp(it.page, it.server);
    await prepare?.(it);
  });
  after(async () => {
    const ends = [() => it.browser?.close(), () => it.server?.remove(), ...it.undone, () => clearAll(hosts)];
    const failed = [];
    for (const end of ends) await Promise.resolve().then(end).catch((error) => failed.push(error));
    if (failed.length) throw new AggregateError(failed, `the story left something behind: ${failed.join('\n')}`);
  });
  return it;
}

// Only a story with hosts needs a lab.
async function clearAll(hosts) {
  if (!hosts.length) return;
  const { clear } = await import('./lab.mjs');
  for (const host of hosts) await clear(host);
}

// The steps of one story, each a test of its own that ends without complaints; once one failed, those after it
// cannot mean anything.
function steps(it) {
  let failed = null;
  return (name, work) =>
    test(name, async (context) => {
      if (failed) throw new Error(`not run: "${failed}" failed`);
      try {
        await work({ ...it, test: context });
        for (const watch of it.watches) watch.check();
      } catch (error) {
        failed = name;
        throw await explained(error, it);
      }
    });
}

// The error with what the pages looked like and complained of, and the end of the server's log.
async function explained(error, { browser, watches, server }) {
  const said = watches.flatMap((watch) => watch.complaints);
  const pages = (browser?.contexts() ?? []).flatMap((context) => context.pages());
  for (const [i, page] of pages.entries()) {
    const shot = `${out}failed-${i + 1}.png`;
    await page.screenshot({ path: shot, timeout: 5_000 }).catch(() => {});
    said.push(`page ${i + 1} was at ${page.url()} (${shot})`);
  }
  const more = `${said.join('\n')}\n--- the end of the log\n${server?.log.split('\n').slice(-15).join('\n')}`;
  error.message += `\n${more}`;
  error.stack += `\n${more}`;
  return error;
}
