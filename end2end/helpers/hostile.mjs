// Text that is markup, a script or a terminal's command wherever somebody forgets that it is only text, and how
// to see on a page whether somebody forgot.
import { createServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import assert from 'node:assert/strict';

const act = 'window.__pwned=1';
export const P2 = [
  `</script><script>${act}</script>`,
  `</textarea><img src=x onerror=${act}>`,
  `" onmouseover="${act}`,
  `<svg onload=${act}>`,
  `javascript:${act}`,
];
// Short enough for every text that is cut. `where` tells the fields from each other.
export const hostile = (where) => `${where}: ${P2.join(' ')}`;
// Legal in text, and yet they turn it round or break it where it is made part of a script.
export const MARKS = 'turn\u202eround and\u2028break';
// What a terminal obeys; `shown` is what is left to read of each.
export const TERMINAL = [
  { raw: `\x1b]8;;javascript:${act}\x07osc-link\x1b]8;;\x07`, shown: 'osc-link' },
  { raw: `\x1b]0;osc-title\x07after-title`, shown: 'after-title' },
  { raw: `\x1b[31m${P2[3]}\x1b[0m red`, shown: `${P2[3]} red` },
  { raw: `\x1b[2J\x1b[H\x1b[?1049hcleared`, shown: 'cleared' },
];

// Runs in the page. What only a payload that became markup can have put there.
function found() {
  const bad = window.__pwned === undefined ? [] : ['a payload ran'];
  for (const element of document.querySelectorAll('*')) {
    const here = element.outerHTML.slice(0, 200);
    if (element.matches('img, iframe, object, embed, base')) bad.push(`an element that no page has: ${here}`);
    if (element.localName === 'script' && /^\s*(window\.__pwned|alert)/.test(element.textContent)) bad.push(`a script: ${here}`);
    for (const { name, value } of element.attributes) {
      if (/^on/i.test(name)) bad.push(`the attribute ${name}: ${here}`);
      if (['href', 'src', 'action', 'formaction', 'xlink:href'].includes(name) && /^\s*(javascript|vbscript):/i.test(value)) bad.push(`an address that runs: ${here}`);
    }
  }
  return bad;
}

// Runs in the page. Everything that can be read on it: text, and what stands in fields, titles and names.
function readable() {
  const walker = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
  let text = '';
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest('script, style, template')) text += walker.currentNode.data;
  const all = [text];
  for (const element of document.querySelectorAll('[value], [title], [aria-label], input, textarea')) {
    all.push(...['title', 'aria-label', 'value'].map((name) => element.getAttribute(name) ?? ''), element.value ?? '');
  }
  return all.join('\n');
}

// Nothing of what is on the page became markup, and each of `texts` can be read on it, letter by letter.
export async function onlyText(page, where, texts = [], millis = 20_000) {
  const end = Date.now() + millis;
  let missing = texts;
  for (;;) {
    const said = await page.evaluate(readable);
    missing = texts.filter((text) => !said.includes(text));
    if (!missing.length || Date.now() > end) break;
    await sleep(100);
  }
  assert.deepEqual(await page.evaluate(found), [], where);
  assert.deepEqual(missing, [], `${where}: not shown as it was given`);
}

// A page loads nothing that a payload names, and opens no dialog (helpers/browser.mjs tells of those).
export function watchLoads({ context, watch }) {
  context.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.endsWith('/x')) watch.add(`a payload loaded ${request.url()}`);
  });
}

// Something that speaks SSH just far enough to name its algorithms, and names `text` as its kind of host key.
export async function sshLiar(text) {
  const word = (value) => Buffer.concat([Buffer.from(Uint32Array.of(Buffer.byteLength(value)).buffer).swap32(), Buffer.from(value)]);
  const lists = ['curve25519-sha256', text, 'aes128-ctr', 'aes128-ctr', 'hmac-sha2-256', 'hmac-sha2-256', 'none', 'none', '', ''];
  const payload = Buffer.concat([Buffer.of(20), Buffer.alloc(16, 7), ...lists.map(word), Buffer.alloc(5)]);
  const padding = 8 - ((payload.length + 5) % 8) + 8;
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length + padding + 1);
  head[4] = padding;
  const server = createServer((socket) => {
    socket.on('error', () => {}); // whoever probes hangs up in the middle
    socket.write('SSH-2.0-liar\r\n');
    socket.write(Buffer.concat([head, payload, Buffer.alloc(padding)]));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
