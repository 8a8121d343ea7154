/**
 * `chmod`
 */
import { absolute, applet, eachPath, flavourOf } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';
import { changedMode } from './mode-changes.ts';
import { withBelow } from './tree-walk.ts';

export const chmod = applet(async (process, args) => {
  // `chmod -x file`: a mode, not an option.
  const at = args.findIndex((word) => /^-[rwxXst]+$/.test(word));
  const mode = at < 0 ? undefined : args[at];
  const line = parseOptions(at < 0 ? args : args.filter((_, i) => i !== at), {
    flags: 'Rvcf',
    long: { recursive: 'R', verbose: 'v' },
  });
  const [text, ...paths] = mode === undefined ? line.operands : [mode, ...line.operands];
  if (text === undefined || paths.length === 0) throw new UsageError('missing operand');
  const files = process.fileSystem();
  const describe = (path: string, reason: string): string =>
    flavourOf(process) === 'gnu' ? `cannot access '${path}': ${reason}` : `${path}: ${reason}`;
  return eachPath(process, withBelow(process, paths, line.has('R')), describe, (path) => {
    const status = files.status(absolute(process, path));
    files.setMode(absolute(process, path), changedMode(text, status.mode, status.kind === 'directory', process.umask));
  });
});
