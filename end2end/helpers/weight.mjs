// What a page costs: how long it takes to answer, and what it holds.
import assert from 'node:assert/strict';

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
