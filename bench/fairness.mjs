#!/usr/bin/env node
// Fairness: one user floods the API with 200 connections; what another one notices, and what the flood gets.
//   node bench/fairness.mjs [--seconds 5]
// Two service accounts, which fall under the flow schema service-accounts: only their flows tell them apart. Each runs in a
// process of its own. Everything runs on this machine, the flood included: a process needs a processor, too.
import { execFileSync, fork } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const option = (name, fallback) => {
  const i = process.argv.indexOf(`--${name}`);
  return i < 0 ? fallback : process.argv[i + 1];
};
const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/** A user: so many connections that ask again as soon as they have their answer. */
async function user({ port, ca, token, connections, seconds, verb }) {
  const agent = new https.Agent({ keepAlive: true, maxSockets: connections, ca });
  const until = performance.now() + seconds * 1000;
  const times = [];
  const codes = {};
  let made = 0;
  const ask = () =>
    new Promise((resolve) => {
      const create = verb === 'create';
      const body = create ? JSON.stringify({ metadata: { name: `b-${process.pid}-${made++}` }, data: { a: 'b' } }) : '';
      const headers = {
        authorization: `Bearer ${token}`,
        ...(create ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {}),
      };
      const target = '/api/v1/namespaces/default/configmaps';
      const asked = create ? target : verb === 'list' ? `${target}?limit=200` : `${target}/kube-root-ca.crt`;
      const began = performance.now();
      const request = https.request({
        agent,
        host: '127.0.0.1',
        port,
        method: create ? 'POST' : 'GET',
        path: asked,
        headers,
      });
      request.once('response', (response) => {
        codes[response.statusCode] = (codes[response.statusCode] ?? 0) + 1;
        response.resume().once('end', () => {
          times.push(performance.now() - began);
          resolve();
        });
      });
      request.once('error', () => resolve());
      request.end(body);
    });
  const worker = async () => {
    while (performance.now() < until) await ask();
  };
  await Promise.all(Array.from({ length: connections }, worker));
  agent.destroy();
  times.sort((a, b) => a - b);
  return { perSecond: times.length / seconds, p50: percentile(times, 0.5), p99: percentile(times, 0.99), codes };
}

if (process.env.FAIRNESS_USER) {
  process.once('message', async (what) => {
    process.send(await user(what));
    process.disconnect();
  });
} else {
  const { ensureBuilt, ensureInstalled, root } = await import('../scripts/lib/setup.mjs');
  const { ensureTestClients, kubectl } = await import('../scripts/lib/test-clients.mjs');
  ensureInstalled();
  ensureBuilt();
  await ensureTestClients();
  const seconds = Number(option('seconds', '5'));
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-fairness-'));
  const port = Number(option('port', '16553'));
  const regatta = (...args) =>
    execFileSync(process.execPath, [path.join(root, 'dist/cli.mjs'), '--data-dir', dataDir, ...args], {
      stdio: 'pipe',
    });
  regatta('up', '--port', String(port), '--nodes', '1', '--speed', '1', '-d');
  const k = (...args) =>
    execFileSync(kubectl, ['--kubeconfig', path.join(dataDir, 'kubeconfig'), ...args], { encoding: 'utf8' });
  try {
    const config = JSON.parse(k('config', 'view', '--raw', '-o', 'json'));
    const ca = Buffer.from(config.clusters[0].cluster['certificate-authority-data'], 'base64').toString();
    const tokens = {};
    for (const name of ['ann', 'bob']) {
      k('create', 'serviceaccount', name);
      k('create', 'rolebinding', name, '--clusterrole=edit', `--serviceaccount=default:${name}`);
      tokens[name] = k('create', 'token', name).trim();
    }
    const run = (name, connections, verb) =>
      new Promise((resolve) => {
        const child = fork(fileURLToPath(import.meta.url), { env: { ...process.env, FAIRNESS_USER: '1' } });
        child.once('message', resolve);
        child.send({ port, ca, token: tokens[name], connections, seconds, verb });
      });
    const told = ({ perSecond, p50, p99, codes }) =>
      `${perSecond.toFixed(0).padStart(6)}/s  p50 ${p50.toFixed(1).padStart(6)} ms  p99 ${p99.toFixed(1).padStart(7)} ms  ${JSON.stringify(codes)}`;
    for (const [flood, asks] of [
      ['get', 'get'],
      ['list', 'get'],
      ['create', 'create'],
      ['list', 'create'],
    ]) {
      const alone = await run('bob', 1, asks);
      const floodAlone = await run('ann', 200, flood);
      const [bob, ann] = await Promise.all([run('bob', 1, asks), run('ann', 200, flood)]);
      console.log(`${asks} by one connection alone            ${told(alone)}`);
      console.log(`${asks} by one connection in the flood     ${told(bob)}`);
      console.log(`${flood} by 200 connections alone           ${told(floodAlone)}`);
      console.log(`${flood} by 200 connections, the flood      ${told(ann)}\n`);
    }
    console.log(k('get', '--raw', '/debug/api_priority_and_fairness/dump_priority_levels'));
  } finally {
    regatta('down');
    fs.rmSync(dataDir, { recursive: true, force: true });
  }
}
