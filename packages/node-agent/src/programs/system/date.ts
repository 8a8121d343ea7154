/**
 * `date`, of the cluster's clock. It can't be set from a container.
 */
import { absolute, applet } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';
import { formatDate, parseDate } from './date-text.ts';

const ISO: Readonly<Record<string, string>> = {
  '': '%Y-%m-%d',
  date: '%Y-%m-%d',
  hours: '%Y-%m-%dT%H+00:00',
  minutes: '%Y-%m-%dT%H:%M+00:00',
  seconds: '%Y-%m-%dT%H:%M:%S+00:00',
  ns: '%Y-%m-%dT%H:%M:%S,%N+00:00',
};

export const date = applet(async (process, args) => {
  // The value of -I is part of the word.
  const iso = args.find((word) => /^-I|^--iso-8601/.test(word))?.replace(/^-I|^--iso-8601=?/, '');
  const line = parseOptions(
    args.filter((word) => !/^-I|^--iso-8601/.test(word)),
    {
      flags: 'uR',
      values: 'drsD',
      long: { utc: 'u', universal: 'u', date: 'd', reference: 'r', 'rfc-email': 'R', 'rfc-2822': 'R', set: 's' },
    },
  );
  if (line.has('s')) throw new UsageError("can't set date: Operation not permitted");
  const now = process.clock.now();
  const reference = line.value('r');
  const text = line.value('d');
  const instant =
    reference !== undefined
      ? process.fileSystem().status(absolute(process, reference)).modified
      : text === undefined
        ? now
        : parseDate(text, now);
  if (instant === undefined) throw new UsageError(`invalid date '${text}'`);
  const [given] = line.operands;
  if (given !== undefined && !given.startsWith('+')) throw new UsageError("can't set date: Operation not permitted");
  const format =
    given?.slice(1) ??
    (iso === undefined
      ? line.has('R')
        ? '%a, %d %b %Y %H:%M:%S +0000'
        : '%a %b %e %H:%M:%S UTC %Y'
      : (ISO[iso] ?? '%Y-%m-%d'));
  await process.print(`${formatDate(format, instant)}\n`);
  return 0;
});
