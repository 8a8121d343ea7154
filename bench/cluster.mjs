#!/usr/bin/env node
// The table of docs/performance.md: a cluster of our own is started, timed, weighed and loaded.
//   node bench/cluster.mjs [--runs 1] [--load FILE]   FILE: a load generator that takes --kubeconfig and --json
// Prints one line a figure, with its unit. Everything runs on this machine, the load generator included.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { ensureBuilt, ensureInstalled, root } from '../scripts/lib/setup.mjs';
import { ensureTestClients, kubectl } from '../scripts/lib/test-clients.mjs';

const option = (name, fallback) => {
  const i = process.argv.indexOf(`--${name}`);
  return i < 0 ? fallback : process.argv[i + 1];
};
ensureInstalled();
ensureBuilt();
await ensureTestClients();
process.env.KUBECTL ??= kubectl;
const figure = (name, value, unit) => console.log(`${name.padEnd(58)} ${String(value).padStart(10)} ${unit}`);
const freePort = () =>
  new Promise((resolve) => {
    const s = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });
const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-bench-'));
const port = await freePort();

async function up(nodes) {
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [
      path.join(root, 'dist/cli.mjs'),
      '--data-dir',
      dataDir,
      'up',
      '--port',
      String(port),
      '--nodes',
      String(nodes),
      '--speed',
      '1',
    ],
    { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
  );
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`ended with ${code}\n${output}`)));
  });
  return { child, output, ms: performance.now() - began };
}
const stop = (child) =>
  new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGINT');
  });
const at = (output, name) => Number(new RegExp(`✔ ${name} +(\\d+) ms`).exec(output)?.[1]);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const control = (...args) =>
  execFileSync(process.execPath, [path.join(root, 'dist/cli.mjs'), '--data-dir', dataDir, ...args], {
    encoding: 'utf8',
  });
const pss = (pid) => Number(/^Pss:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024;

try {
  for (const label of ['cold start, new data folder', 'cold start, state kept']) {
    const { child, output, ms } = await up(5);
    const nodes = Math.max(...[1, 2, 3, 4, 5].map((i) => at(output, `node-${i}`)));
    figure(`${label}: API ready`, at(output, 'apiserver'), 'ms');
    figure(
      `${label}: controllers and scheduler working`,
      Math.max(at(output, 'controller-manager'), at(output, 'scheduler')),
      'ms',
    );
    figure(`${label}: 5 nodes Ready`, nodes, 'ms');
    figure(`${label}: everything`, Math.round(ms), 'ms');
    if (label.endsWith('kept')) {
      await sleep(5000);
      const pids = [child.pid, ...[...control('status').matchAll(/running\s+(\d+)/g)].map((m) => Number(m[1]))];
      figure(
        'memory idle, 5 nodes, proportional set size',
        Math.round(pids.reduce((sum, pid) => sum + pss(pid), 0)),
        'MiB',
      );
      const load = option('load');
      if (load) {
        const answer = JSON.parse(
          execFileSync(
            process.execPath,
            [
              load,
              '--kubeconfig',
              path.join(dataDir, 'kubeconfig'),
              '--json',
              '--scenario',
              option('scenario', 'create,get,list,update,patch,watch'),
            ],
            { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 26 },
          ),
        );
        for (const [name, { per_s, p50_ms, p99_ms }] of Object.entries(answer))
          figure(name, per_s ?? '', `per s (p50 ${p50_ms} ms, p99 ${p99_ms} ms)`);
        const schedule = JSON.parse(
          execFileSync(
            process.execPath,
            [
              load,
              '--kubeconfig',
              path.join(dataDir, 'kubeconfig'),
              '--json',
              '--scenario',
              'schedule',
              '--nodes',
              '1000',
              '--pods',
              '3000',
            ],
            { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 26 },
          ),
        ).schedule;
        figure(
          'Pods created and bound, 1,000 nodes',
          schedule.bound_per_s,
          `per s (${schedule.bound} of ${schedule.pods})`,
        );
        figure('memory after the load', Math.round(pids.reduce((sum, pid) => sum + pss(pid), 0)), 'MiB');
      }
    }
    await stop(child);
  }
} finally {
  fs.rmSync(dataDir, { recursive: true, force: true });
}
process.exit(0);
