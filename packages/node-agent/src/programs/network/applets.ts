/**
 * The network applets by name, each loaded when it is first run.
 */
import type { NetworkProgram } from './network-process.ts';

type Load = () => Promise<NetworkProgram>;

const APPLETS: ReadonlyMap<string, Load> = new Map<string, Load>([
  ['curl', async () => (await import('./curl.ts')).curl],
  ['dig', async () => (await import('./dig.ts')).dig],
  ['getent', async () => (await import('./getent.ts')).getent],
  ['host', async () => (await import('./dig.ts')).host],
  ['nc', async () => (await import('./nc.ts')).nc],
  ['netcat', async () => (await import('./nc.ts')).nc],
  ['nslookup', async () => (await import('./nslookup.ts')).nslookup],
  ['wget', async () => (await import('./wget.ts')).wget],
]);

export const NETWORK_APPLETS: ReadonlySet<string> = new Set(APPLETS.keys());

/** Undefined for a name that is none of these. */
export function networkApplet(name: string): NetworkProgram | undefined {
  const load = APPLETS.get(name);
  return load && (async (process) => (await load())(process));
}
