/**
 * `hostname`, `uname`, `arch`
 */
import { applet } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';

/** The kernel that emulated machines say they run. */
const RELEASE = '6.12.0-regatta';
const VERSION = '#1 SMP';
const MACHINE = 'x86_64';

export const hostname = applet(async (process, args) => {
  const line = parseOptions(args, { flags: 'sfidIy' });
  if (line.operands.length > 0) throw new UsageError('sethostname: Operation not permitted');
  const text =
    line.has('i') || line.has('I')
      ? process.ip
      : line.has('s')
        ? (process.hostname.split('.')[0] ?? '')
        : process.hostname;
  await process.print(`${text}\n`);
  return 0;
});

export const uname = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'amnrspviow',
    long: { all: 'a', machine: 'm', nodename: 'n', 'kernel-release': 'r', 'kernel-name': 's' },
  });
  const parts: readonly (readonly [string, string])[] = [
    ['s', 'Linux'],
    ['n', process.hostname],
    ['r', RELEASE],
    ['v', VERSION],
    ['m', MACHINE],
    ['o', 'GNU/Linux'],
  ];
  const asked = parts.filter(([letter]) => line.has('a') || line.has(letter));
  const shown =
    asked.length > 0 ? asked : line.has('p') || line.has('i') ? [['p', 'unknown'] as const] : parts.slice(0, 1);
  await process.print(`${shown.map(([, text]) => text).join(' ')}\n`);
  return 0;
});

export const arch = applet(async (process) => {
  await process.print(`${MACHINE}\n`);
  return 0;
});
