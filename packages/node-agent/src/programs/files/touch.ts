/**
 * `touch`
 */
import { absolute, applet, eachPath, flavourOf } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';
import { parseDate } from '../system/date-text.ts';

export const touch = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'acmh',
    values: 'drt',
    long: { 'no-create': 'c', date: 'd', reference: 'r' },
  });
  if (line.operands.length === 0) throw new UsageError('missing file operand');
  const files = process.fileSystem();
  const reference = line.value('r');
  const text = line.value('d') ?? line.value('t');
  const given =
    reference !== undefined
      ? files.status(absolute(process, reference)).modified
      : text === undefined
        ? process.clock.now()
        : parseDate(text, process.clock.now());
  if (given === undefined) throw new UsageError(`invalid date '${text}'`);
  const gnu = flavourOf(process) === 'gnu';
  const describe = (path: string, reason: string): string =>
    gnu ? `cannot touch '${path}': ${reason}` : `${path}: ${reason}`;
  return eachPath(process, line.operands, describe, (path) => {
    const place = absolute(process, path);
    if (!files.exists(place)) {
      if (line.has('c')) return;
      process.open(path, { write: true, create: true }).release();
    }
    files.setModified(place, given);
  });
});
