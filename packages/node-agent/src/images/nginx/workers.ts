/**
 * nginx's worker processes, as `ps` shows them. The master serves by itself, so they exist only once somebody looks.
 *
 * Invariant: as long as the master runs there are as many as it said it has started, under the numbers it said.
 */
import { exitCodeOf } from '../../runtime/process/exit-status.ts';
import type { ProcessContext, Program } from '../../runtime/process/process-context.ts';

export const WORKERS = 2;
/** Numbers that the image's entrypoint scripts have used before the first worker gets its own. */
const PIDS_OF_ENTRYPOINT = 27;
/** The user of the image. */
const NGINX = { uid: 101, gid: 101, groups: [101] };

export type Notice = (level: string, text: string) => void;

/** The number that the nth worker has or will have. */
export function workerPid(master: ProcessContext, n: number): number {
  return master.pid + PIDS_OF_ENTRYPOINT + 1 + n;
}

export function startWorkers(master: ProcessContext, notice: Notice): void {
  master.whenSeen(() => {
    master.skipPids(PIDS_OF_ENTRYPOINT);
    for (let i = 0; i < WORKERS; i++) startWorker(master, notice);
  });
}

function startWorker(master: ProcessContext, notice: Notice): number {
  const argv = ['nginx: worker process'];
  const child = master.spawn({ argv, program: work, credentials: NGINX, cwd: '/' });
  void child.wait().then((status) => {
    if (master.killed.aborted) return;
    const how = 'signal' in status ? `on signal ${exitCodeOf(status) - 128}` : `with code ${status.code}`;
    notice('signal' in status ? 'alert' : 'notice', `worker process ${child.pid} exited ${how}`);
    notice('notice', `start worker process ${startWorker(master, notice)}`);
  });
  return child.pid;
}

const work: Program = (process) =>
  new Promise((resolve) => {
    process.setTitle('nginx: worker process');
    for (const signal of ['TERM', 'INT', 'QUIT'] as const) process.onSignal(signal, () => resolve(0));
    process.killed.addEventListener('abort', () => resolve(0), { once: true });
  });
