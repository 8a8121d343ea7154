// A cluster for one benchmark: started in a temporary folder, asked as its administrator over kept connections, and removed.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { ensureBuilt, ensureInstalled, root } from '../../scripts/lib/setup.mjs';

/** `--name value` of this process, as a number. */
export const option = (name, fallback) => {
  const i = process.argv.indexOf(`--${name}`);
  return i < 0 ? fallback : Number(process.argv[i + 1]);
};

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Prints a figure with its unit. */
export const figure = (name, value, unit) => console.log(`${name.padEnd(58)} ${String(value).padStart(10)} ${unit}`);

/** @param {{ nodes: number, clients: number }} wanted */
export async function ownCluster({ nodes, clients }) {
  ensureInstalled();
  ensureBuilt();
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-bench-'));
  const port = 20000 + Math.floor(performance.timeOrigin % 20000);
  let cluster = await started(dataDir, port, nodes);
  const agent = new https.Agent({ keepAlive: true, maxSockets: clients, ...(await credentials(dataDir)) });

  /** Resolves to code, body, and the milliseconds until the body's last byte. */
  function send(method, where, body, headers = {}) {
    const payload = body && Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const described = payload ? { 'content-type': 'application/json', 'content-length': payload.length } : {};
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const request = https.request(
        { agent, host: '127.0.0.1', port, method, path: where, headers: { ...described, ...headers } },
        (answer) => {
          const parts = [];
          answer.on('data', (part) => parts.push(part));
          answer.on('end', () =>
            resolve({ code: answer.statusCode, body: Buffer.concat(parts), ms: performance.now() - began }),
          );
        },
      );
      request.on('error', reject);
      request.end(payload);
    });
  }

  /** Requests a second, of `count` that `ask` sends; each must be answered with `code`. */
  async function rate(count, code, ask) {
    let next = 0;
    const began = performance.now();
    const work = async () => {
      while (next < count) {
        const answer = await ask(next++);
        if (answer.code !== code) throw new Error(`${answer.code}: ${answer.body}`);
      }
    };
    await Promise.all(Array.from({ length: clients }, work));
    return (count * 1000) / (performance.now() - began);
  }

  async function restart() {
    await ended(cluster);
    cluster = await started(dataDir, port, nodes);
  }

  async function stop() {
    agent.destroy();
    await ended(cluster);
    fs.rmSync(dataDir, { recursive: true, force: true });
  }
  return { send, rate, restart, stop };
}

async function started(dataDir, port, nodes) {
  const cluster = spawn(
    process.execPath,
    [path.join(root, 'dist/cli.mjs'), '--data-dir', dataDir, 'up', '--port', String(port), '--nodes', String(nodes)],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  await new Promise((resolve, reject) => {
    cluster.once('message', resolve);
    cluster.once('exit', (code) => reject(new Error(`ended with ${code}`)));
  });
  return cluster;
}

async function ended(cluster) {
  cluster.kill('SIGINT');
  await new Promise((resolve) => cluster.once('exit', resolve));
}

async function credentials(dataDir) {
  const { default: yaml } = await import('yaml');
  const config = yaml.parse(fs.readFileSync(path.join(dataDir, 'kubeconfig'), 'utf8'));
  const decode = (text) => Buffer.from(text, 'base64');
  const { user } = config.users[0];
  return {
    ca: decode(config.clusters[0].cluster['certificate-authority-data']),
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  };
}
