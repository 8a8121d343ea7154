/**
 * `ln`, `readlink`, `realpath`
 */
import { isFileError } from '../../runtime/filesystem/file-error.ts';
import { absolute, applet, complain, eachPath, flavourOf } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';

export const ln = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'sfnvTrb',
    long: { symbolic: 's', force: 'f', 'no-dereference': 'n', verbose: 'v', 'no-target-directory': 'T' },
  });
  const operands = [...line.operands];
  if (operands.length === 0) throw new UsageError('missing file operand');
  const target = operands.length > 1 ? (operands.pop() ?? '.') : '.';
  const files = process.fileSystem();
  const place = absolute(process, target);
  const isLink = (): boolean => line.has('n') && files.status(place, false).kind === 'symlink';
  const into = files.exists(place) && files.status(place).kind === 'directory' && !line.has('T') && !isLink();
  const kind = line.has('s') ? 'symbolic link' : 'hard link';
  const describe = (path: string, reason: string): string => {
    const name = into ? `${target}/${path.split('/').at(-1)}` : target;
    return flavourOf(process) === 'gnu' ? `failed to create ${kind} '${name}': ${reason}` : `${name}: ${reason}`;
  };
  return eachPath(process, operands, describe, async (source) => {
    const name = into ? `${place.replace(/\/$/, '')}/${source.replace(/\/+$/, '').split('/').at(-1)}` : place;
    if (line.has('f')) files.remove(name, { force: true });
    if (line.has('s')) files.symlink(source, name);
    else files.link(absolute(process, source), name);
    if (line.has('v')) await process.print(`'${name}' -> '${source}'\n`);
  });
});

export const readlink = applet(async (process, args) => {
  const line = parseOptions(args, { flags: 'femnqsv', long: { canonicalize: 'f', 'no-newline': 'n' } });
  let status = 0;
  for (const path of line.operands) {
    const files = process.fileSystem();
    try {
      const place = absolute(process, path);
      const text = line.has('f') || line.has('e') || line.has('m') ? canonical(files, place) : files.readLink(place);
      await process.print(`${text}${line.has('n') ? '' : '\n'}`);
    } catch (error) {
      if (!isFileError(error) || error.code === 'EPIPE') throw error;
      status = 1;
      if (line.has('v')) await complain(process, `${path}: ${error.reason}`);
    }
  }
  return status;
});

/** All links followed; the last name need not be there. */
function canonical(files: { exists(path: string): boolean; realPath(path: string): string }, path: string): string {
  if (files.exists(path)) return files.realPath(path);
  const slash = path.lastIndexOf('/');
  const parent = files.realPath(path.slice(0, slash) || '/');
  return `${parent === '/' ? '' : parent}${path.slice(slash)}`;
}

export const realpath = applet(async (process, args) => {
  const line = parseOptions(args, { flags: 'emqsz' });
  const files = process.fileSystem();
  return eachPath(
    process,
    line.operands,
    (path, reason) => `${path}: ${reason}`,
    (path) => process.print(`${canonical(files, absolute(process, path))}\n`),
  );
});
