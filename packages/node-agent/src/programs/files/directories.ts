/**
 * `mkdir` and `rmdir`
 */
import { absolute, applet, eachPath, flavourOf } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';
import { changedMode } from './mode-changes.ts';

export const mkdir = applet(async (process, args) => {
  const line = parseOptions(args, { flags: 'pv', values: 'm', long: { parents: 'p', mode: 'm', verbose: 'v' } });
  if (line.operands.length === 0) throw new UsageError('missing operand');
  const files = process.fileSystem();
  const mode = line.value('m');
  const gnu = flavourOf(process) === 'gnu';
  const describe = (path: string, reason: string): string =>
    gnu ? `cannot create directory '${path}': ${reason}` : `can't create directory '${path}': ${reason}`;
  return eachPath(process, line.operands, describe, async (path) => {
    const place = absolute(process, path);
    files.makeDirectory(place, line.has('p'));
    if (mode !== undefined) files.setMode(place, changedMode(mode, 0o777, true, 0));
    if (line.has('v'))
      await process.print(gnu ? `mkdir: created directory '${path}'\n` : `created directory: '${path}'\n`);
  });
});

export const rmdir = applet(async (process, args) => {
  const line = parseOptions(args, { flags: 'pv', long: { parents: 'p', 'ignore-fail-on-non-empty': 'i' } });
  if (line.operands.length === 0) throw new UsageError('missing operand');
  const describe = (path: string, reason: string): string =>
    flavourOf(process) === 'gnu' ? `failed to remove '${path}': ${reason}` : `'${path}': ${reason}`;
  const parents = (path: string): string[] =>
    path
      .replace(/\/+$/, '')
      .split('/')
      .map((_, i, all) => all.slice(0, all.length - i).join('/'))
      .filter((one) => one !== '');
  const paths = line.operands.flatMap((path) => (line.has('p') ? parents(path) : [path]));
  return eachPath(process, paths, describe, (path) => process.fileSystem().removeDirectory(absolute(process, path)));
});
