/**
 * Kills and freezes this process for real.
 *
 * Invariants: after a kill nothing of this process runs, and nothing is flushed; a process is stopped only after a
 * freezer, a program of its own, stands ready to let it go on (freezer-main.ts).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';
import type { Logger } from '@regatta/runtime';
import type { EndpointControl, PreparedFreeze } from './endpoint-control.ts';
import { type ActiveFault, FaultError } from './fault-protocol.ts';

export interface ProcessControlOptions {
  /** Path of the bundled freezer. */
  readonly freezer: string;
  /** How the freezer listens on the bus in this endpoint's place. */
  readonly bus: string;
  readonly credentials: string;
  readonly user: string;
  readonly logger: Logger;
}

/** Of a process that SIGKILL ended, as shells report it. */
const KILLED = 137;

export function processControl(options: ProcessControlOptions): EndpointControl {
  return {
    kill: () => killThisProcess,
    freeze: (forMs, faults) => prepareFreeze(options, forMs, faults),
  };
}

function killThisProcess(): void {
  process.kill(process.pid, 'SIGKILL');
  // The first process of a container is deaf to its own signals.
  process.exit(KILLED);
}

async function prepareFreeze(
  { freezer, bus, credentials, user, logger }: ProcessControlOptions,
  forMs: number,
  faults: readonly ActiveFault[],
): Promise<PreparedFreeze> {
  const identity = ['--bus', bus, '--credentials', credentials, '--user', user];
  const args = [freezer, '--pid', String(process.pid), '--for', String(Math.ceil(forMs)), ...identity];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  // It may be gone when it is written to.
  child.stdin.on('error', (error) => logger.debug('the freezer does not listen', { error }));
  await ready(child);
  child.stdin.write(`faults ${JSON.stringify(faults)}\n`);
  const stop = (): void => {
    logger.info('this process is frozen', { forMs });
    child.stdin.write('stop\n');
  };
  return { stop, ended: ended.then(() => logger.info('this process goes on')) };
}

/** Waits until the freezer works. @throws FaultError `refused` with what it said instead */
async function ready(child: ChildProcess): Promise<void> {
  const said: string[] = [];
  child.stderr?.on('data', (text: Buffer) => said.push(text.toString()));
  const gone = once(child, 'close').then(() => undefined);
  const lines = child.stdout ? readline.createInterface({ input: child.stdout }) : undefined;
  const first = lines ? once(lines, 'line').then(() => true) : Promise.resolve(undefined);
  if (await Promise.race([first, gone]).catch((error: Error) => void said.push(error.message))) return;
  throw new FaultError('refused', said.join('').trim() || 'the freezer does not start');
}
