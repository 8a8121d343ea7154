/**
 * The network applets by name, each loaded when it is first run.
 */
import type { Program } from '../../runtime/process/process-context.ts';
import type { NetworkProgram } from './network-process.ts';

type Load = () => Promise<NetworkProgram>;

const APPLETS: ReadonlyMap<string, Load> = new Map<string, Load>([
  ['arp', async () => (await import('./interfaces.ts')).arp],
  ['curl', async () => (await import('./curl.ts')).curl],
  ['dig', async () => (await import('./dig.ts')).dig],
  ['getent', async () => (await import('./getent.ts')).getent],
  ['host', async () => (await import('./dig.ts')).host],
  ['ifconfig', async () => (await import('./interfaces.ts')).ifconfig],
  ['ip', async () => (await import('./interfaces.ts')).ip],
  ['nc', async () => (await import('./nc.ts')).nc],
  ['netcat', async () => (await import('./nc.ts')).nc],
  ['netstat', async () => (await import('./netstat.ts')).netstat],
  ['nslookup', async () => (await import('./nslookup.ts')).nslookup],
  ['ping', async () => (await import('./ping.ts')).ping],
  ['route', async () => (await import('./interfaces.ts')).route],
  ['ss', async () => (await import('./netstat.ts')).ss],
  ['telnet', async () => (await import('./telnet.ts')).telnet],
  ['traceroute', async () => (await import('./ping.ts')).traceroute],
  ['wget', async () => (await import('./wget.ts')).wget],
]);

/** Undefined for a name that is none of these. */
export function networkApplet(name: string): NetworkProgram | undefined {
  const load = APPLETS.get(name);
  return load && (async (process) => (await load())(process));
}

/** Those that need a whole process: they go on in the background. */
const PROGRAMS: ReadonlyMap<string, () => Promise<Program>> = new Map([
  ['httpd', async () => (await import('./httpd.ts')).httpd],
]);

/** Undefined for a name that is none of these. */
export function networkServer(name: string): Program | undefined {
  const load = PROGRAMS.get(name);
  return load && (async (process) => (await load())(process));
}
