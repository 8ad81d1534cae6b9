// The server under test: the release binary, an empty data directory, a free port.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const binary = process.env.POLLY_BIN;
if (!binary) throw new Error('POLLY_BIN must name the built pollysystem (make test-browser does that)');

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

export class Server {
  // `base` is a path such as '/polly', or ''; `env` is added to the server's.
  static async start({ base = '', env = {} } = {}) {
    const server = new Server();
    server.port = await freePort();
    server.origin = `http://127.0.0.1:${server.port}`;
    server.base = base;
    server.env = env;
    server.dataDir = await mkdtemp(join(tmpdir(), 'polly-e2e-'));
    await server.up();
    return server;
  }

  url(path) {
    return `${this.origin}${this.base}${path}`;
  }

  async up() {
    const { PATH, HOME, POLLY_SITE_DIR } = process.env;
    this.log = '';
    this.child = spawn(binary, ['serve'], {
      cwd: this.dataDir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH,
        HOME,
        POLLY_DATA_DIR: this.dataDir,
        POLLY_LISTEN: `127.0.0.1:${this.port}`,
        POLLY_LOG: process.env.POLLY_LOG ?? 'info',
        ...(POLLY_SITE_DIR && { POLLY_SITE_DIR }),
        ...(this.base && { POLLY_PUBLIC_URL: this.url('') }),
        ...this.env,
      },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.log += text));
    }
    await this.until(async () => (await fetch(this.url('/readyz'))).ok, 'to be ready', 20_000);
  }

  // The one-time code that makes the first admin.
  async setupCode() {
    const find = () => this.log.match(/set-up code: ([A-Z0-9-]+)/)?.[1];
    await this.until(async () => find(), 'to print a set-up code', 5_000);
    return find();
  }

  // Ends it and waits; `signal` may be SIGKILL for a crash.
  async down(signal = 'SIGTERM') {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    const late = AbortSignal.timeout(30_000);
    await Promise.race([ended, once(late, 'abort').then(() => { throw new Error('the server did not end in 30 s'); })]);
  }

  async remove() {
    await this.down();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  async until(check, what, millis) {
    const end = Date.now() + millis;
    for (;;) {
      if (this.child.exitCode !== null) throw new Error(`the server ended with ${this.child.exitCode}:\n${this.log}`);
      if (await check().catch(() => false)) return;
      if (Date.now() > end) throw new Error(`the server did not come ${what} in ${millis} ms:\n${this.log}`);
      await sleep(50);
    }
  }
}
