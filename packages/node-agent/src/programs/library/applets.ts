/**
 * The applets that the library gives, by name; it is loaded when the first of them runs.
 */
import type { Program } from '../../runtime/process/process-context.ts';

const APPLETS: ReadonlySet<string> = new Set(
  (
    'awk gawk sed sort comm diff expand unexpand file find fold gunzip gzip join jq nl od paste ' +
    'split strings tree zcat column'
  ).split(' '),
);

const run: Program = async (process) => (await import('./library-tool.ts')).runLibraryTool(process);

/** Undefined for a name that is none of these. */
export function libraryApplet(name: string): Program | undefined {
  return APPLETS.has(name) ? run : undefined;
}
