/**
 * For tests of any package: the servers that the contract suite runs against: the embedded broker, and nats-server where one is on the PATH.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { SystemClock, silentLogger } from '@regatta/runtime';
import {
  type BrokerLimits,
  type BusConnection,
  connectBus,
  createBusAccount,
  credentialsFile,
  type LinkLimits,
  mintCredentials,
  readBusTrust,
  startBroker,
} from '../mod.ts';

export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** Subscriptions and connections that the embedded broker has now; nats-server does not tell. */
  readonly load?: () => { readonly subscriptions: number; readonly connections: number };
  /** Makes it read again whom to trust. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

export interface ServerKind {
  readonly name: string;
  /** @param maxPending bytes that may wait for one client of the embedded broker before it is cut off */
  start(dir: string, port: number, maxPending?: number): Promise<TestServer>;
}

export const clock = new SystemClock();

export function startEmbedded(dir: string, port: number, limits?: Partial<BrokerLimits>): Promise<TestServer> {
  return createBusAccount(dir)
    .then((trust) => startBroker({ port, trust, clock, logger: silentLogger, limits }))
    .then((broker) => ({
      url: `nats://127.0.0.1:${broker.port}`,
      port: broker.port,
      load: () => ({ subscriptions: broker.subscriptions, connections: broker.connections }),
      reload: async () => broker.setTrust(await readBusTrust(dir)),
      stop: () => broker.close(),
    }));
}

const embedded: ServerKind = {
  name: 'embedded broker',
  start: (dir, port, maxPending) => startEmbedded(dir, port, maxPending === undefined ? {} : { maxPending }),
};

const real: ServerKind = {
  name: 'nats-server',
  start: async (dir, wanted) => {
    await createBusAccount(dir);
    const port = wanted || (await freePort());
    const args = ['-c', path.join(dir, 'server.conf'), '-a', '127.0.0.1', '-p', String(port)];
    const child = spawn('nats-server', args, { stdio: 'ignore' });
    await listening(port);
    const reload = async (): Promise<void> => void child.kill('SIGHUP');
    return { url: `nats://127.0.0.1:${port}`, port, reload, stop: () => ended(child) };
  },
};

export function serverKinds(): readonly ServerKind[] {
  const found = spawnSync('nats-server', ['--version']).status === 0;
  return found ? [embedded, real] : [embedded];
}

export async function temporaryFolder(): Promise<{ readonly dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'regatta-bus-'));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

/** Connects as a user, minting credentials where there are none. */
export async function connectAs(
  dir: string,
  url: string,
  user: string,
  limits?: Partial<LinkLimits>,
): Promise<BusConnection> {
  await createBusAccount(dir);
  await mintCredentials(dir, user);
  return await connectBus({
    servers: url,
    credentialsFile: credentialsFile(dir, user),
    user,
    clock,
    logger: silentLogger,
    limits,
  });
}

/** Waits until the condition holds. @throws Error when it does not within 10 s */
export async function until(condition: () => boolean, what = 'the condition'): Promise<void> {
  const deadline = clock.monotonic() + 10_000;
  while (!condition()) {
    if (clock.monotonic() > deadline) throw new Error(`${what} did not come true`);
    await new Promise<void>((resolve) => clock.setTimer(2, resolve));
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

async function listening(port: number): Promise<void> {
  const deadline = clock.monotonic() + 10_000;
  while (!(await canConnect(port))) {
    if (clock.monotonic() > deadline) throw new Error(`nothing listens on ${port}`);
    await new Promise<void>((resolve) => clock.setTimer(20, resolve));
  }
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
