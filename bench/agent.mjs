#!/usr/bin/env node
// What a node-agent costs and how fast it is: the heap of an idle container, then one process with ten machines and
// 1,000 Pods that are bound to them at once.
//   node bench/agent.mjs [--pods 1000]
// Prints one line a figure, with its unit: bytes of heap, Pods a second from bound to Running, memory of the process that
// carries them, and how long `exec true` takes through the API server.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import WebSocket from 'ws';
import { ensureBuilt, ensureInstalled, root } from '../scripts/lib/setup.mjs';

ensureInstalled();
ensureBuilt();

const MACHINES = 10;
const option = process.argv.indexOf('--pods');
const PODS = option < 0 ? 1000 : Number(process.argv[option + 1]);
const figure = (name, value, unit) => console.log(`${name.padEnd(58)} ${String(value).padStart(10)} ${unit}`);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-bench-'));
const dataDir = path.join(folder, 'data');
const started = [];

/** Parts of the packages, bundled for this run. */
async function load(contents) {
  const outdir = fs.mkdtempSync(path.join(folder, 'bundle-'));
  await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    // What is loaded when it is needed stays apart: here it never is.
    splitting: true,
    platform: 'node',
    format: 'esm',
    outdir,
    outExtension: { '.js': '.mjs' },
    logLevel: 'error',
    external: ['just-bash'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  const file = path.join(outdir, 'stdin.mjs');
  return import(pathToFileURL(file).href);
}

const { readKubeconfig, mintCredentials, ApiClient, HttpTransport, resources, layoutOf, NODE_FLAGS, threadPoolSize } =
  await load(`
  export { readKubeconfig } from './packages/cli/src/kubeconfig.ts';
  export { layoutOf } from './packages/cli/src/layout.ts';
  export { NODE_FLAGS, threadPoolSize } from './packages/cli/src/supervisor/node-flags.ts';
  export { mintCredentials } from '@regatta/bus';
  export { ApiClient, HttpTransport, resources } from '@regatta/client';
`);
const layout = layoutOf(dataDir);

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
const memory = (pid) => Number(/^Pss:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024;

function run(program, args, flags = [], env = {}) {
  const child = spawn(process.execPath, [...flags, path.join(root, 'dist', program), ...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  });
  started.push(child);
  return child;
}
const ready = (child) =>
  new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if (message?.state === undefined || message.state === 'ready') resolve();
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)));
  });

/** A cluster of one machine, and a process with the machines that are measured. */
async function cluster() {
  const port = await freePort();
  const supervisor = run(
    'cli.mjs',
    ['--data-dir', dataDir, 'up', '--port', port, '--nodes', '1', '--speed', '1'].map(String),
  );
  await ready(supervisor);
  const commandLine = fs.readFileSync(`/proc/${pidOf('node-1')}/cmdline`, 'utf8').split('\0');
  const bus = commandLine[commandLine.indexOf('--bus') + 1];
  const names = Array.from({ length: MACHINES }, (_, i) => `agent-${i + 1}`);
  const files = await Promise.all(names.map((name) => mintCredentials(layout.bus, `system:node:${name}`)));
  const credentials = files[0].replace(path.basename(files[0]), path.basename(files[0]).replace('agent-1', '{name}'));
  const args = [
    ...['--bus', bus, '--credentials', credentials, '--count', String(MACHINES), '--name-prefix', 'agent-'],
    ...['--ip', '10.9.0.1', '--cpu', '1k', '--pods', String(Math.ceil(PODS / MACHINES) + 10)],
  ];
  const more = (process.env.REGATTA_NODE_FLAGS ?? '').split(' ').filter(Boolean);
  const agent = run('node-agent.mjs', args, [...NODE_FLAGS['node-agent'], ...more], {
    UV_THREADPOOL_SIZE: threadPoolSize('node-agent'),
  });
  await ready(agent);
  return { agent, names };
}
function pidOf(name) {
  for (const file of fs.readdirSync(layout.runDir)) {
    if (!file.startsWith(name)) continue;
    const pid = Number.parseInt(/\d+/.exec(fs.readFileSync(path.join(layout.runDir, file), 'utf8'))?.[0] ?? '', 10);
    if (pid > 0) return pid;
  }
  throw new Error(`no pid of ${name} in ${layout.runDir}`);
}

const pod = (name, nodeName) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'bench' } },
  spec: {
    nodeName,
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image: 'registry.k8s.io/pause:3.10' }],
  },
});

async function each(count, worker) {
  let next = 0;
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      for (let i = next++; i < count; i = next++) await worker(i);
    }),
  );
}

/** Resolves when this many Pods run. */
async function running(pods, count) {
  const stop = new AbortController();
  const { items, resourceVersion } = await pods.list({ namespace: 'default' });
  const names = new Set(items.filter(({ status }) => status.phase === 'Running').map(({ metadata }) => metadata.name));
  const events = pods.watch({ namespace: 'default', resourceVersion }, stop.signal);
  while (names.size < count) {
    const { value } = await events.next();
    if (value.object.status?.phase === 'Running') names.add(value.object.metadata.name);
  }
  stop.abort();
}

/** All Pods are bound while the process holds still; then it goes on. */
async function boundToRunning(client, agent, names) {
  const pods = client.resource(resources.pods);
  await each(MACHINES, (i) => pods.create(pod(`first-${i}`, names[i]), { namespace: 'default' }));
  await running(pods, MACHINES);
  const idle = memory(agent.pid);
  agent.kill('SIGSTOP');
  await each(PODS, (i) => pods.create(pod(`pod-${i}`, names[i % MACHINES]), { namespace: 'default' }));
  const all = running(pods, PODS + MACHINES);
  await sleep(500);
  const began = performance.now();
  agent.kill('SIGCONT');
  await all;
  const seconds = (performance.now() - began) / 1000;
  figure(`${PODS} Pods on ${MACHINES} machines of one process, bound to Running`, Math.round(PODS / seconds), 'Pods/s');
  await sleep(5000);
  figure(`memory of that process, ${MACHINES} Pods, proportional set size`, Math.round(idle), 'MiB');
  figure(`memory of that process, ${PODS + MACHINES} Pods`, Math.round(memory(agent.pid)), 'MiB');
}

/** Heap of this process before and after containers were started that nobody enters. */
async function idleContainers() {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const {
    ClusterClock,
    constantTimeline,
    DirectoryDisk,
    EmulatedRuntime,
    ImageCatalogue,
    ImageStore,
    PodNetwork,
    SystemClock,
    seededRandom,
    silentLogger,
    ROOT,
  } = await load(`
    export { ClusterClock, constantTimeline, SystemClock, seededRandom, silentLogger } from '@regatta/runtime';
    export { DirectoryDisk } from './packages/node-agent/src/storage/node-disk.ts';
    export { EmulatedRuntime } from './packages/node-agent/src/runtime/emulated-runtime.ts';
    export { ImageCatalogue } from './packages/node-agent/src/images/catalogue.ts';
    export { ImageStore } from './packages/node-agent/src/runtime/image-store.ts';
    export { PodNetwork } from './packages/node-agent/src/network/pod-network.ts';
    export { ROOT } from './packages/node-agent/test/support/test-container.ts';
  `);
  const clock = new ClusterClock(new SystemClock(), constantTimeline(1000));
  const network = new PodNetwork('10.9.0.1');
  network.setRange('10.244.0.0/16');
  const disk = new DirectoryDisk(path.join(folder, 'disk'));
  const images = new ImageStore(new ImageCatalogue(), clock, disk);
  const runtime = new EmulatedRuntime({ clock, random: seededRandom(1), logger: silentLogger, disk, network, images });
  const image = 'registry.k8s.io/pause:3.10';
  await images.pull(image, new AbortController().signal);
  const prepare = async () => {};
  const nothing = [];
  const none = {};
  // One literal, as the kubelet writes it: objects put together from parts weigh more.
  const config = (podUid, sandboxId, name) => ({
    podUid,
    sandboxId,
    name,
    attempt: 0,
    image,
    command: nothing,
    args: nothing,
    env: nothing,
    workingDir: '',
    mounts: nothing,
    stdin: false,
    stdinOnce: false,
    tty: false,
    terminationMessagePath: '',
    specHash: 'hash',
    resources: none,
    security: ROOT,
    oomScoreAdjust: 1000,
    prepare,
  });
  const perSandbox = 10;
  const start = async (sandboxes, containers) => {
    for (let i = 0; i < sandboxes; i++) {
      const podUid = `pod-${containers}-${i}`;
      const sandbox = await runtime.runSandbox({
        ...{ podUid, namespace: 'default', name: podUid, attempt: 0, hostname: podUid, hostNetwork: false },
        ...{ processNamespace: 'container', hostIpc: false, sysctls: {}, hostPorts: [] },
      });
      const started = Array.from({ length: containers }, async (_, c) => {
        const { id } = await runtime.createContainer(config(podUid, sandbox.id, `c${c}`));
        await runtime.startContainer(id);
      });
      await Promise.all(started);
    }
  };
  const heap = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  await start(20, perSandbox); // what is made once
  const count = 500;
  const before = heap();
  await start(count, 0);
  const withSandboxes = heap();
  await start(count, perSandbox);
  const after = heap();
  const sandbox = (withSandboxes - before) / count;
  figure('heap of an idle sandbox', Math.round(sandbox), 'bytes');
  figure(
    'heap of an idle container',
    Math.round((after - withSandboxes - sandbox * count) / (count * perSandbox)),
    'bytes',
  );
  runtime.powerOff();
}

/** From asking to the end of the stream, each on a connection of its own. */
async function execLatency(options, target) {
  const url = `${options.url.replace('https', 'wss')}/api/v1/namespaces/default/pods/${target}/exec?command=true&stdout=true&stderr=true`;
  const once = () =>
    new Promise((resolve, reject) => {
      const began = performance.now();
      const socket = new WebSocket(url, ['v5.channel.k8s.io'], {
        ca: options.ca,
        cert: options.cert,
        key: options.key,
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(performance.now() - began));
    });
  const first = await once();
  const times = [];
  for (let i = 0; i < 50; i++) times.push(await once());
  times.sort((a, b) => a - b);
  figure('exec of true: the first', first.toFixed(1), 'ms');
  figure('exec of true: p50', times[25].toFixed(1), 'ms');
  figure('exec of true: p99', times[49].toFixed(1), 'ms');
}

try {
  await idleContainers();
  const { agent, names } = await cluster();
  const { transport: options } = readKubeconfig(layout.kubeconfig);
  const client = new ApiClient(new HttpTransport(options), { userAgent: 'bench' });
  await boundToRunning(client, agent, names);
  const busybox = pod('shell', names[0]);
  busybox.spec.containers = [{ name: 'main', image: 'busybox', command: ['sleep', '3600'] }];
  const pods = client.resource(resources.pods);
  await pods.create(busybox, { namespace: 'default' });
  await running(pods, PODS + MACHINES + 1);
  await execLatency(options, 'shell');
} finally {
  for (const child of started.reverse()) {
    if (child.exitCode !== null) continue;
    child.kill('SIGINT');
    await Promise.race([new Promise((resolve) => child.once('exit', resolve)), sleep(10_000)]);
  }
  fs.rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
