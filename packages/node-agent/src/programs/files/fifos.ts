/**
 * `mkfifo`
 */
import { absolute, applet, eachPath, flavourOf } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';
import { changedMode } from './mode-changes.ts';

const MODE = 0o666;

export const mkfifo = applet(async (process, args) => {
  const line = parseOptions(args, { flags: '', values: 'm', long: { mode: 'm' } });
  if (line.operands.length === 0) throw new UsageError('missing operand');
  const files = process.fileSystem();
  const mode = line.value('m');
  const describe = (path: string, reason: string): string =>
    flavourOf(process) === 'gnu' ? `cannot create fifo '${path}': ${reason}` : `${path}: ${reason}`;
  return eachPath(process, line.operands, describe, async (path) => {
    const place = absolute(process, path);
    files.makePipe(place, 'fifo', MODE);
    if (mode !== undefined) files.setMode(place, changedMode(mode, MODE, false, 0));
  });
});
