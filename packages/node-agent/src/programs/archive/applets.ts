/**
 * The archive applets by name, each loaded when it is first run.
 */
import type { Program } from '../../runtime/process/process-context.ts';

const APPLETS: ReadonlyMap<string, Program> = new Map<string, Program>([
  ['tar', async (process) => (await import('./tar.ts')).tar(process)],
]);

/** Undefined for a name that is none of these. */
export function archiveApplet(name: string): Program | undefined {
  return APPLETS.get(name);
}
