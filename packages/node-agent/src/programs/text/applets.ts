/**
 * Applets that make, pass on or change text, each loaded when it is first run.
 */
import type { Program } from '../../runtime/process/process-context.ts';

const APPLETS: ReadonlyMap<string, Program> = new Map<string, Program>([
  ['cat', async (process) => (await import('./cat.ts')).cat(process)],
  ['head', async (process) => (await import('./head.ts')).head(process)],
  ['tail', async (process) => (await import('./tail.ts')).tail(process)],
  ['tee', async (process) => (await import('./tee.ts')).tee(process)],
  ['yes', async (process) => (await import('./repeat.ts')).yes(process)],
  ['seq', async (process) => (await import('./repeat.ts')).seq(process)],
  ['echo', async (process) => (await import('./echo.ts')).echo(process)],
  ['printf', async (process) => (await import('./echo.ts')).printf(process)],
  ['test', async (process) => (await import('./test.ts')).test(process)],
  ['[', async (process) => (await import('./test.ts')).test(process)],
  ['wc', async (process) => (await import('./wc.ts')).wc(process)],
  ['cut', async (process) => (await import('./cut.ts')).cut(process)],
  ['tr', async (process) => (await import('./tr.ts')).tr(process)],
  ['uniq', async (process) => (await import('./uniq.ts')).uniq(process)],
  ['rev', async (process) => (await import('./reverse.ts')).rev(process)],
  ['tac', async (process) => (await import('./reverse.ts')).tac(process)],
  ['grep', async (process) => (await import('./grep.ts')).grep(process)],
  ['egrep', async (process) => (await import('./grep.ts')).grep(process)],
  ['fgrep', async (process) => (await import('./grep.ts')).grep(process)],
  ['base64', async (process) => (await import('./base64.ts')).base64(process)],
  ['md5sum', async (process) => (await import('./checksums.ts')).checksum(process)],
  ['sha1sum', async (process) => (await import('./checksums.ts')).checksum(process)],
  ['sha256sum', async (process) => (await import('./checksums.ts')).checksum(process)],
  ['sha512sum', async (process) => (await import('./checksums.ts')).checksum(process)],
  ['expr', async (process) => (await import('./expr.ts')).expr(process)],
  ['less', async (process) => (await import('./cat.ts')).cat(process)],
  ['more', async (process) => (await import('./cat.ts')).cat(process)],
]);

/** Undefined for a name that is none of these. */
export function textApplet(name: string): Program | undefined {
  return APPLETS.get(name);
}
