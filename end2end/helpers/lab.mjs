// The lab: real hosts with a real sshd and a real engine (scripts/lab.sh); POLLY_LAB names its lab.json.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const path = process.env.POLLY_LAB;
if (!path) throw new Error('POLLY_LAB must name the lab.json of running hosts (make test-browser does that)');

export const lab = JSON.parse(readFileSync(path, 'utf8'));

// Does something to a host that its own account cannot (scripts/lab.sh): `newkey h1`. Gives the lab as it is after.
export async function labCommand(...args) {
  const script = process.env.POLLY_LAB_SCRIPT;
  if (!script) throw new Error('POLLY_LAB_SCRIPT must name scripts/lab.sh');
  await run('bash', [script, ...args], { timeout: 60_000 });
  return JSON.parse(readFileSync(path, 'utf8'));
}
export const privateKey = () => readFileSync(lab.key, 'utf8');

// Runs a command on a host as its ordinary account, as a person at its console would.
export async function on(host, ...argv) {
  const options = ['-i', lab.key, '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'];
  const quoted = argv.map((a) => `'${a.replaceAll("'", `'\\''`)}'`).join(' ');
  const { stdout } = await run('ssh', [...options, '-p', `${host.port ?? 22}`, `${lab.user}@${host.address}`, quoted]);
  return stdout.trim();
}

export const docker = (host, ...argv) => on(host, 'docker', ...argv);

// A container that runs until it is stopped, at once.
export const runContainer = (host, name) =>
  docker(host, 'run', '-d', '--name', name, '--stop-timeout', '1', '--label', 'polly-e2e=1', 'busybox:1.35', 'sleep', '100000');

export async function clear(host) {
  const ids = await docker(host, 'ps', '-aq', '--filter', 'label=polly-e2e=1');
  if (ids) await docker(host, 'rm', '-f', ...ids.split(/\s+/));
}
