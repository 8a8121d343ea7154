/**
 * `rm` and `unlink`
 */
import { absolute, applet, eachPath, flavourOf, nameOf } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';

export const rm = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'rRfivdI',
    long: { recursive: 'r', force: 'f', verbose: 'v', dir: 'd', 'no-preserve-root': 'N', 'one-file-system': 'o' },
  });
  const recursive = line.has('r') || line.has('R');
  const force = line.has('f');
  if (line.operands.length === 0) {
    if (force) return 0;
    throw new UsageError('missing operand');
  }
  const gnu = flavourOf(process) === 'gnu';
  const files = process.fileSystem();
  const describe = (path: string, reason: string): string => {
    if (nameOf(process) === 'unlink') return `cannot unlink '${path}': ${reason}`;
    if (gnu) return `cannot remove '${path}': ${reason}`;
    return reason === 'Is a directory' ? `'${path}' is a directory` : `can't remove '${path}': ${reason}`;
  };
  return eachPath(process, line.operands, describe, async (path) => {
    const place = absolute(process, path);
    if (/(?:^|\/)\.\.?\/*$/.test(path))
      throw new UsageError(
        gnu ? `refusing to remove '.' or '..' directory: skipping '${path}'` : `'.' and '..' cannot be removed`,
      );
    if (place === '/' && recursive && !line.has('N'))
      throw new UsageError("it is dangerous to operate recursively on '/'");
    if (recursive) files.remove(place, { recursive: true, force });
    else if (!force || files.exists(place) || isThere(files, place)) files.unlink(place);
    if (line.has('v')) await process.print(`removed '${path}'\n`);
  });
});

/** A link that leads nowhere is there too. */
function isThere(files: { list(path: string): string[] }, place: string): boolean {
  const slash = place.lastIndexOf('/');
  try {
    return files.list(place.slice(0, slash) || '/').includes(place.slice(slash + 1));
  } catch {
    return false;
  }
}
