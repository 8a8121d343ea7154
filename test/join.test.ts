/**
 * A machine that joins a running cluster over HTTPS with a token: the real programs, on the cluster's own broker.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createBusAccount, mintCredentials } from '@regatta/bus';
import { freePort } from '@regatta/cli';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, root, TestCluster } from './support/cluster.ts';

const TOKEN_ID = 'abcdef';
const TOKEN = `${TOKEN_ID}.0123456789abcdef`;
let cluster: TestCluster;
let folder: string;
const started: ChildProcess[] = [];

beforeAll(async () => {
  cluster = await TestCluster.start({ nodes: 1 });
  folder = fs.mkdtempSync(path.join(cluster.dataDir, 'join-'));
  fs.writeFileSync(path.join(folder, 'token'), `${TOKEN}\n`);
});
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await cluster.dispose();
});

interface Machine {
  readonly process: ChildProcess;
  readonly health: string;
  output: string;
}

async function startMachine(disk: string, name: string): Promise<Machine> {
  const port = await freePort();
  const flags = {
    join: `https://127.0.0.1:${cluster.port}`,
    'join-token-file': path.join(folder, 'token'),
    'ca-file': path.join(cluster.dataDir, 'pki', 'ca.crt'),
    name,
    'node-dir': path.join(folder, disk),
    'health-address': `127.0.0.1:${port}`,
  };
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  const child = spawn(process.execPath, [path.join(root, 'dist', 'node-agent.mjs'), ...args], { stdio: 'pipe' });
  started.push(child);
  const machine: Machine = { process: child, health: `http://127.0.0.1:${port}/healthz`, output: '' };
  child.stderr.on('data', (chunk: Buffer) => (machine.output += chunk.toString()));
  return machine;
}

function kill({ process: child }: Machine): Promise<void> {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  return ended;
}

const healthOf = async ({ health }: Machine): Promise<number> => (await fetch(health)).status;

async function ready(name: string): Promise<boolean> {
  const path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
  return (await cluster.kubectl('get', 'node', name, '-o', path)) === 'True';
}

function machineId(name: string): Promise<string> {
  return cluster.kubectl('get', 'node', name, '-o', 'jsonpath={.status.nodeInfo.machineID}');
}

async function createToken(): Promise<void> {
  const literals = { 'token-id': TOKEN_ID, 'token-secret': TOKEN.slice(7), 'usage-bootstrap-authentication': 'true' };
  await cluster.kubectl(
    ...['create', 'secret', 'generic', `bootstrap-token-${TOKEN_ID}`, '-n', 'kube-system'],
    '--type=bootstrap.kubernetes.io/token',
    ...Object.entries(literals).map(([key, value]) => `--from-literal=${key}=${value}`),
  );
}

describe('a machine that joins', () => {
  test('CMP-40: it waits until its token is known, becomes a Ready node, and is itself again after a power cut', async () => {
    const machine = await startMachine('disk', 'late');
    await eventually('it is refused', async () => machine.output.includes('"reason":"Unauthorized"'));
    expect(await healthOf(machine)).toBe(500);
    await createToken();
    await eventually('its Node is Ready', () => ready('late'));
    await eventually('it says that it works', async () => (await healthOf(machine)) === 200);
    const id = await machineId('late');
    await kill(machine);
    // Its identity is on its disk: neither a name nor a token is needed any more.
    fs.renameSync(path.join(folder, 'token'), path.join(folder, 'token.away'));
    const again = await startMachine('disk', 'another-name');
    await eventually('it works again', async () => (await healthOf(again)) === 200);
    expect(await machineId('late')).toBe(id);
    expect(fs.statSync(path.join(folder, 'disk', 'bus.creds')).mode & 0o777).toBe(0o600);
    fs.renameSync(path.join(folder, 'token.away'), path.join(folder, 'token'));
  });

  test('CMP-42: a machine that the bus does not know any more joins anew, as itself', async () => {
    const foreign = path.join(folder, 'foreign');
    await createBusAccount(foreign);
    const disk = path.join(folder, 'moved');
    const first = await startMachine('moved', 'moved');
    await eventually('it works', async () => (await healthOf(first)) === 200);
    const id = await machineId('moved');
    await kill(first);
    fs.copyFileSync(await mintCredentials(foreign, 'system:node:moved'), path.join(disk, 'bus.creds'));
    const again = await startMachine('moved', 'moved');
    await eventually('it works again', async () => (await healthOf(again)) === 200);
    expect(again.output).toContain('the bus does not know this machine: joining again');
    expect(await machineId('moved')).toBe(id);
    await kill(again);
  });

  test('CMP-41: a newcomer cannot take the place of a machine', async () => {
    const thief = await startMachine('other-disk', 'late');
    const why = 'another machine has this name; delete its Node first, if that machine is gone';
    await eventually('it is refused', async () => thief.output.includes(why));
    expect(thief.output).not.toContain('the node is registered');
    await kill(thief);
  });
});
