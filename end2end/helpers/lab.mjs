// The lab: real hosts with a real sshd and a real engine (scripts/lab.sh); POLLY_LAB names its lab.json.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { addHost } from './steps.mjs';

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

// Asks a host's engine itself: the command line does not let every text through that the engine takes.
export async function engine(host, method, path, body) {
  const send = body ? ['-H', 'Content-Type: application/json', '-d', JSON.stringify(body)] : [];
  const answer = await on(host, 'curl', '-sS', '--fail-with-body', '--unix-socket', '/run/docker.sock', '-X', method, ...send, `http://engine${path}`);
  return answer && JSON.parse(answer);
}

export async function clear(host) {
  const ids = await docker(host, 'ps', '-aq', '--filter', 'label=polly-e2e=1');
  if (ids) await docker(host, 'rm', '-f', ...ids.split(/\s+/));
}

// A host of the lab becomes a machine: the form, its keys compared and trusted, until it is online.
export async function enrol(page, server, name, host) {
  await page.goto(server.url('/machines/new'));
  await addHost(page, { name, user: lab.user, address: host.address, port: host.port, key: privateKey() });
  await page.getByRole('list', { name: 'Offered now' }).getByText(host.fingerprint).waitFor();
  await page.getByRole('button', { name: 'Trust these keys' }).click();
  await page.locator('.page-head').getByText('Online').waitFor({ timeout: 20_000 });
}
