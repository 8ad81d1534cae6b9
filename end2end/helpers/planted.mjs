// A host of the lab that says hostile things in every field that its engine and its system let it.
import { engine, labCommand } from './lab.mjs';
import { MARKS, P2, TERMINAL, hostile } from './hostile.mjs';

const LABEL = { 'polly-e2e': '1' };
const IMAGE = 'busybox:1.35';
const says = 'for line; do printf "%s\\n" "$line"; printf "err %s\\n" "$line" >&2; done; exec sleep 100000';
const create = async (host, name, spec) => (await engine(host, 'POST', `/containers/create?name=${name}`, { HostConfig: {}, ...spec, Labels: { ...LABEL, ...spec.Labels } })).Id;
// A terminal's commands as places without a terminal show them: each control character is marked.
export const marked = (text) => text.replaceAll(/[\x00-\x1f\x7f]/g, '\ufffd');

// What the log of `loud` says, line by line.
export const LINES = [...P2, hostile('log'), MARKS, ...TERMINAL.map(({ raw }) => raw)];
export const READ = [...P2, hostile('log'), MARKS, ...TERMINAL.map(({ shown }) => shown)];

// Payloads that the engine takes nowhere else: an image with labels, a network, and a running container with all
// the rest. What can be read on each tab of its page stands beside it.
export async function plantLoud(host, undo) {
  const network = await engine(host, 'POST', '/networks/create', { Name: hostile('network') });
  undo(() => engine(host, 'DELETE', `/networks/${network.Id}`));
  const base = await create(host, 'base', { Image: IMAGE, Cmd: ['sh'] });
  await engine(host, 'POST', `/commit?container=${base}&repo=polly-e2e-hostile&tag=1`, { Image: IMAGE, Cmd: ['sh'], Labels: { [hostile('image label')]: hostile('image value') } });
  undo(() => engine(host, 'DELETE', '/images/polly-e2e-hostile:1?force=1'));
  await engine(host, 'DELETE', `/containers/${base}`);
  const check = `printf '%s' '${hostile('check')}'; printf '\\033]0;x\\007' >&2; exit 1`;
  const id = await create(host, 'loud', {
    Image: 'polly-e2e-hostile:1',
    Entrypoint: ['sh', '-c', says, hostile('entrypoint')],
    Cmd: LINES,
    Env: [`</script><script>alert(1)</script>=${hostile('secret')}`],
    Hostname: P2[3],
    WorkingDir: `/${hostile('directory')}`,
    Healthcheck: { Test: ['CMD-SHELL', check], Interval: 1e9, Timeout: 5e9, Retries: 1 },
    Labels: {
      [hostile('label')]: `${hostile('value')} ${MARKS}`,
      'new\nline': 'and\x1b[31m colour\n',
      'com.docker.compose.project': hostile('stack'),
      'com.docker.compose.service': hostile('service'),
      'org.opencontainers.image.source': P2[4],
    },
    HostConfig: { Mounts: [{ Type: 'tmpfs', Target: `/${hostile('mount')}` }], Binds: [`polly-e2e-hostile:/${P2[3]}`] },
    NetworkingConfig: { EndpointsConfig: { [hostile('network')]: { Aliases: [hostile('alias')] } } },
  });
  undo(() => engine(host, 'DELETE', '/volumes/polly-e2e-hostile'));
  // Before the network, the image and the volume it is in the way of.
  undo(() => engine(host, 'DELETE', `/containers/${id}?force=1`));
  await engine(host, 'POST', `/containers/${id}/start`);
  const words = (text) => marked(text).replaceAll("'", `'\\''`);
  return {
    id,
    overview: [hostile('check'), words(check), hostile('stack')],
    logs: READ.flatMap((line) => [line, `err ${line}`]),
    config: [
      ...['entrypoint', 'directory', 'label', 'stack', 'service', 'image label', 'image value'].map(hostile),
      `${hostile('value')} ${MARKS}`, 'new\ufffdline', 'and\ufffd[31m colour\ufffd', '</script><script>alert(1)</script>', ...LINES.map(marked), P2[4],
    ],
    attached: [hostile('network'), hostile('alias'), `/${hostile('mount')}`, `/${P2[3]}`],
  };
}

// A container that cannot be started, and whose engine says why with the payload in the middle.
export async function plantBroken(host) {
  const user = P2.slice(0, 4).join(' '); // what comes after a colon is a group
  const id = await create(host, 'broken', { Image: IMAGE, Cmd: ['sleep', '1'], User: user });
  await engine(host, 'POST', `/containers/${id}/start`).catch(() => {});
  return { id, error: `unable to find user ${user}` };
}

// The system's own names.
export async function plantSystem(host, undo) {
  const shell = (script) => labCommand('exec', host.name, 'sh', '-c', script);
  const os = `${P2[1]}${P2[0]}`;
  undo(() => shell(`ln -sf ../usr/lib/os-release /etc/os-release; cat /etc/lab-host > /proc/sys/kernel/hostname`));
  await shell(`rm /etc/os-release; echo 'PRETTY_NAME="${os}"' > /etc/os-release; printf %s '${P2[3]}' > /proc/sys/kernel/hostname`);
  return [os, P2[3]];
}

// The engine's socket under another name, which people may type.
export async function plantSocket(host, undo) {
  const path = `/tmp/${P2[1].replace('/', '')}.sock`;
  undo(() => labCommand('exec', host.name, 'rm', '-f', path));
  await labCommand('exec', host.name, 'ln', '-sf', '/run/docker.sock', path);
  return path;
}
