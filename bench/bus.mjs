#!/usr/bin/env node
// How fast the bus is: broker, server and client as processes of their own, on this machine.
//   node bench/bus.mjs [--seconds 3] [--server nats-server]      (the real server instead of the embedded broker)
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = path.join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    server: { type: 'string' },
    role: { type: 'string' },
    url: { type: 'string' },
    dir: { type: 'string' },
    bundle: { type: 'string' },
  },
});
const seconds = Number(values.seconds);

async function connect(user) {
  const bus = await import(path.join(values.bundle, 'bus.mjs'));
  const { SystemClock, silentLogger } = await import(path.join(values.bundle, 'runtime.mjs'));
  const credentialsFile = bus.credentialsFile(values.dir, user);
  const options = { servers: values.url, credentialsFile, user, clock: new SystemClock(), logger: silentLogger };
  return { bus, connection: await bus.connectBus(options) };
}

async function serve() {
  const { bus, connection } = await connect('system:apiserver');
  const frame = Buffer.alloc(600, 'x');
  connection.serve('api', async (call) => {
    const wanted = call.request.readUInt32LE(0);
    if (wanted < 0x80000000) return void call.reply(Buffer.alloc(wanted));
    const stream = await call.accept(bus.encode({}));
    for (let i = 0; i < wanted - 0x80000000; i++) await stream.write(frame);
    await stream.end();
  });
  process.send('ready');
}

/** Calls with so many at once; round trips a second, and the 99th percentile in ms. */
async function calls(connection, concurrency, requestSize, answerSize) {
  const request = Buffer.alloc(requestSize);
  request.writeUInt32LE(answerSize, 0);
  const times = [];
  const end = performance.now() + seconds * 1000;
  const cpu = process.cpuUsage();
  const worker = async () => {
    for (;;) {
      const start = performance.now();
      if (start > end) return;
      await connection.call('api', request);
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  times.sort((a, b) => a - b);
  const used = process.cpuUsage(cpu);
  return {
    perSecond: Math.round(times.length / seconds),
    p99: times[Math.floor(times.length * 0.99)],
    cpu: (used.user + used.system) / times.length,
  };
}

async function ask() {
  const { connection } = await connect('system:kube-scheduler');
  await calls(connection, 32, 64, 64);
  for (const [concurrency, requestSize, answerSize] of [
    [1, 1200, 1200],
    [32, 1200, 1200],
    [256, 1200, 1200],
    [8, 64, 1_000_000],
  ]) {
    const { perSecond, p99, cpu } = await calls(connection, concurrency, requestSize, answerSize);
    process.stdout.write(
      `calls, ${concurrency} at once, ${requestSize} B asked, ${answerSize} B answered: ` +
        `${perSecond}/s, p99 ${p99.toFixed(1)} ms, ${cpu.toFixed(0)} us of the client's CPU each\n`,
    );
  }
  const frames = 200_000;
  const request = Buffer.alloc(4);
  request.writeUInt32LE(0x80000000 + frames, 0);
  const { stream } = await connection.open('api', request);
  const start = performance.now();
  let seen = 0;
  for await (const _ of stream.frames) seen++;
  await stream.end();
  const rate = Math.round((seen / (performance.now() - start)) * 1000);
  process.stdout.write(`stream, frames of 600 B: ${rate}/s\n`);
  await connection.close();
  process.exit(0);
}

async function main() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-bench-bus-'));
  const bundle = path.join(dir, 'bundle');
  const at = (file) => path.join(root, 'packages', file);
  await build({
    entryPoints: { bus: at('bus/src/mod.ts'), broker: at('bus/src/main.ts'), runtime: at('runtime/src/mod.ts') },
    outdir: bundle,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: { js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);" },
    logLevel: 'warning',
  });
  const bus = await import(path.join(bundle, 'bus.mjs'));
  const folder = path.join(dir, 'bus');
  await bus.createBusAccount(folder);
  for (const user of ['system:apiserver', 'system:kube-scheduler']) await bus.mintCredentials(folder, user);
  const { child: broker, url } = values.server ? startServer(folder) : await startBroker(bundle, dir);
  const run = (role) =>
    fork(import.meta.filename, [
      '--role',
      role,
      '--url',
      url,
      '--dir',
      folder,
      '--bundle',
      bundle,
      '--seconds',
      values.seconds,
    ]);
  const server = run('serve');
  await once(server, 'message');
  const client = run('ask');
  await once(client, 'exit');
  server.kill();
  const usage = fs.existsSync(`/proc/${broker.pid}/status`)
    ? fs.readFileSync(`/proc/${broker.pid}/status`, 'utf8')
    : '';
  process.stdout.write(`broker: ${/VmHWM:\s+(.*)/.exec(usage)?.[1] ?? 'unknown'} at most\n`);
  broker.kill('SIGKILL');
  fs.rmSync(dir, { recursive: true, force: true });
}

async function startBroker(bundle, dir) {
  const child = fork(path.join(bundle, 'broker.mjs'), ['--data-dir', dir, '--port', '0']);
  const [{ detail }] = await once(child, 'message');
  return { child, url: detail };
}

function startServer(folder) {
  const port = 20_000 + (process.pid % 20_000);
  const args = ['-c', path.join(folder, 'server.conf'), '-a', '127.0.0.1', '-p', String(port)];
  return { child: spawn(values.server, args, { stdio: 'ignore' }), url: `nats://127.0.0.1:${port}` };
}

if (values.role === 'serve') await serve();
else if (values.role === 'ask') await ask();
else await main();
