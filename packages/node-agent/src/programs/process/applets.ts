/**
 * The applets that look at processes or change what becomes of them, by name, each loaded when it is first run.
 */
import type { Program } from '../../runtime/process/process-context.ts';

type Load = () => Promise<Program>;

const APPLETS: ReadonlyMap<string, Load> = new Map<string, Load>([
  ['free', async () => (await import('./machine.ts')).free],
  ['kill', async () => (await import('./kill.ts')).kill],
  ['killall', async () => (await import('./kill.ts')).killall],
  ['nice', async () => (await import('./priority.ts')).nice],
  ['nohup', async () => (await import('./detach.ts')).nohup],
  ['nproc', async () => (await import('./machine.ts')).nproc],
  ['pgrep', async () => (await import('./process-search.ts')).pgrep],
  ['pidof', async () => (await import('./process-search.ts')).pidof],
  ['pkill', async () => (await import('./process-search.ts')).pkill],
  ['ps', async () => (await import('./ps.ts')).ps],
  ['renice', async () => (await import('./priority.ts')).renice],
  ['setsid', async () => (await import('./detach.ts')).setsid],
  ['stty', async () => (await import('./stty.ts')).stty],
  ['sysctl', async () => (await import('./sysctl.ts')).sysctl],
  ['top', async () => (await import('./top.ts')).top],
  ['tty', async () => (await import('./stty.ts')).tty],
  ['uptime', async () => (await import('./machine.ts')).uptime],
]);

/** Undefined for a name that is none of these. */
export function processApplet(name: string): Program | undefined {
  const load = APPLETS.get(name);
  return load && (async (process) => (await load())(process));
}
