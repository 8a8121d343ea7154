/**
 * A program that is not ours among the children: when it works, and that it does not outlive the supervisor.
 *
 * Invariants: it works once somebody listens on its port; when the supervisor is gone, however it ended, a watchman whose
 * input ends with it kills the program.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import net from 'node:net';
import { type Clock, sleep } from '@regatta/runtime';
import { CliError } from '../cli-error.ts';
import type { BrokerKind } from '../cluster-file.ts';

export interface ForeignProgram {
  /** Found on the PATH. */
  readonly file: string;
  /** TCP port on 127.0.0.1 on which it listens when it works. */
  readonly port: number;
}

/** Real milliseconds between looks whether it listens. */
const PROBE_INTERVAL = 20;

/** Reads until its input ends, which happens when whoever holds the other end is gone. */
const WATCHMAN = 'read -r _; kill -KILL "$1"';

/** @throws CliError when this machine has no such broker */
export function requireBroker(kind: BrokerKind | undefined): void {
  if (kind !== 'nats-server' || spawnSync('nats-server', ['--version']).status === 0) return;
  throw new CliError(
    'There is no nats-server on the PATH. Install it (Debian and Ubuntu: `apt install nats-server`; macOS: `brew install nats-server`; others: https://nats.io/download), or go on with `--broker embedded`.',
  );
}

/** Calls `onReady` once it listens, unless it ends before, and sees to it that it ends with us. */
export function followForeign(child: ChildProcess, { port }: ForeignProgram, clock: Clock, onReady: () => void): void {
  const { pid } = child;
  if (pid === undefined) return;
  const over = new AbortController();
  const watchman = spawn('/bin/sh', ['-c', WATCHMAN, 'sh', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchman.on('error', () => {});
  watchman.stdin.on('error', () => {});
  child.once('exit', () => {
    over.abort();
    watchman.kill('SIGKILL');
  });
  void whenListening(port, clock, over.signal).then((listens) => listens && onReady());
}

async function whenListening(port: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await accepts(port)) return !signal.aborted;
    await sleep(clock, PROBE_INTERVAL, signal).catch(() => {});
  }
  return false;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}
