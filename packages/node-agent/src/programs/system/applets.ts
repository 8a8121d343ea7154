/**
 * Applets about the machine, time, users, and running other programs, each loaded when it is first run.
 */
import type { Program } from '../../runtime/process/process-context.ts';

const APPLETS: ReadonlyMap<string, Program> = new Map<string, Program>([
  ['true', async () => 0],
  ['false', async () => 1],
  ['sleep', async (process) => (await import('./sleep.ts')).sleep(process)],
  ['usleep', async (process) => (await import('./sleep.ts')).usleep(process)],
  ['date', async (process) => (await import('./date.ts')).date(process)],
  ['env', async (process) => (await import('./env.ts')).env(process)],
  ['printenv', async (process) => (await import('./env.ts')).printenv(process)],
  ['id', async (process) => (await import('./identity.ts')).id(process)],
  ['whoami', async (process) => (await import('./identity.ts')).whoami(process)],
  ['groups', async (process) => (await import('./identity.ts')).groups(process)],
  ['hostname', async (process) => (await import('./machine.ts')).hostname(process)],
  ['uname', async (process) => (await import('./machine.ts')).uname(process)],
  ['arch', async (process) => (await import('./machine.ts')).arch(process)],
  ['sync', async () => 0],
  ['xargs', async (process) => (await import('./xargs.ts')).xargs(process)],
  ['timeout', async (process) => (await import('./timeout.ts')).timeout(process)],
  ['time', async (process) => (await import('./time.ts')).time(process)],
  ['watch', async (process) => (await import('./watch.ts')).watch(process)],
  ['clear', async (process) => (await import('./screen.ts')).clear(process)],
  ['reset', async (process) => (await import('./screen.ts')).reset(process)],
]);

/** Undefined for a name that is none of these. */
export function systemApplet(name: string): Program | undefined {
  return APPLETS.get(name);
}
