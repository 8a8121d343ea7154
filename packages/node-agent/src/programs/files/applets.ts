/**
 * Applets that look at files and change them, each loaded when it is first run.
 */
import type { Program } from '../../runtime/process/process-context.ts';

const APPLETS: ReadonlyMap<string, Program> = new Map<string, Program>([
  ['ls', async (process) => (await import('./ls.ts')).ls(process)],
  ['touch', async (process) => (await import('./touch.ts')).touch(process)],
  ['mkdir', async (process) => (await import('./directories.ts')).mkdir(process)],
  ['mkfifo', async (process) => (await import('./fifos.ts')).mkfifo(process)],
  ['rmdir', async (process) => (await import('./directories.ts')).rmdir(process)],
  ['rm', async (process) => (await import('./rm.ts')).rm(process)],
  ['unlink', async (process) => (await import('./rm.ts')).rm(process)],
  ['cp', async (process) => (await import('./copy.ts')).cp(process)],
  ['mv', async (process) => (await import('./copy.ts')).mv(process)],
  ['ln', async (process) => (await import('./links.ts')).ln(process)],
  ['readlink', async (process) => (await import('./links.ts')).readlink(process)],
  ['realpath', async (process) => (await import('./links.ts')).realpath(process)],
  ['chmod', async (process) => (await import('./modes.ts')).chmod(process)],
  ['chown', async (process) => (await import('./owners.ts')).chown(process)],
  ['chgrp', async (process) => (await import('./owners.ts')).chown(process)],
  ['stat', async (process) => (await import('./stat.ts')).stat(process)],
  ['basename', async (process) => (await import('./names.ts')).basename(process)],
  ['dirname', async (process) => (await import('./names.ts')).dirname(process)],
  ['pwd', async (process) => (await import('./names.ts')).pwd(process)],
  ['mktemp', async (process) => (await import('./mktemp.ts')).mktemp(process)],
  ['dd', async (process) => (await import('./dd.ts')).dd(process)],
  ['truncate', async (process) => (await import('./dd.ts')).truncate(process)],
  ['df', async (process) => (await import('./space.ts')).df(process)],
  ['du', async (process) => (await import('./space.ts')).du(process)],
  ['mount', async (process) => (await import('./space.ts')).mount(process)],
  ['which', async (process) => (await import('./which.ts')).which(process)],
]);

/** Undefined for a name that is none of these. */
export function fileApplet(name: string): Program | undefined {
  return APPLETS.get(name);
}
