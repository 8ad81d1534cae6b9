// Sets a fresh server up and enrols the hosts of a lab, over the same calls that the pages make.
// node scripts/enrol.mjs BASE SETUP_CODE LAB_JSON NAME PASSWORD
import { readFileSync } from 'node:fs';

const [base, code, labFile, name, password] = process.argv.slice(2);
const lab = JSON.parse(readFileSync(labFile));
const cookies = new Map();

async function call(path, fields) {
  const response = await fetch(base + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: new URL(base).origin, accept: 'application/json', cookie: [...cookies].map(([n, v]) => `${n}=${v}`).join('; ') },
    body: new URLSearchParams(fields),
  });
  for (const line of response.headers.getSetCookie()) {
    const [pair] = line.split(';');
    cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
  }
  const text = await response.text();
  if (response.status >= 400) throw new Error(`${path}: ${JSON.parse(text).message}`);
  return text ? JSON.parse(text) : null;
}

// A host's keys are accepted only if they hold the fingerprint that the lab itself says.
async function trust(id, host) {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise(r => setTimeout(r, 200))) {
    const { offered } = await call('/api/machines/detail', { id });
    if (!offered.length) continue;
    const keys = offered.map(key => key.fingerprint);
    if (!keys.includes(host.fingerprint)) throw new Error(`${host.name} offers other keys than its own`);
    return call('/api/machines/trust', Object.fromEntries([['id', id], ...keys.map((key, i) => [`fingerprints[${i}]`, key])]));
  }
  throw new Error(`${host.name} offers no key`);
}

await call('/api/auth/setup', { code, name, password, password_again: password });
for (const host of lab.hosts) {
  const machine = { name: host.name, host: host.address, port: host.port ?? 22, user: lab.user, key_mode: 'paste', key_id: '', passphrase: '', private_key: readFileSync(lab.key, 'utf8') };
  const id = await call('/api/machines/add', Object.fromEntries(Object.entries(machine).map(([field, value]) => [`machine[${field}]`, value])));
  await trust(id, host);
  console.log(`enrolled ${host.name} (${host.address})`);
}
