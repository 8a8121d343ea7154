/**
 * `clear`, `reset`, `tty`, `stty`
 */
import { applet } from '../support/applet.ts';
import { UsageError } from '../support/command-line.ts';

export const clear = applet(async (process) => {
  await process.print('\x1b[H\x1b[J');
  return 0;
});

export const reset = applet(async (process) => {
  await process.print('\x1bc\x1b(B\x1b[m\x1b[J\x1b[?25h');
  process.terminal?.setMode({
    icanon: true,
    echo: true,
    isig: true,
    icrnl: true,
    opost: true,
    onlcr: true,
    iexten: true,
  });
  return 0;
});

export const tty = applet(async (process, args) => {
  const terminal = process.fds.has(0) ? process.fds.get(0).terminal : undefined;
  if (!args.includes('-s')) await process.print(`${terminal?.name ?? 'not a tty'}\n`);
  return terminal === undefined ? 1 : 0;
});

const FLAGS = [
  'icanon',
  'echo',
  'echoe',
  'echoctl',
  'isig',
  'iexten',
  'icrnl',
  'ixon',
  'opost',
  'onlcr',
  'tostop',
] as const;
const SANE = { icanon: true, echo: true, echoe: true, isig: true, iexten: true, icrnl: true, opost: true, onlcr: true };

export const stty = applet(async (process, args) => {
  const terminal = process.fds.has(0) ? process.fds.get(0).terminal : undefined;
  if (terminal === undefined) throw new UsageError('standard input: Inappropriate ioctl for device');
  const { columns, rows } = terminal.size;
  if (args.length === 0 || args[0] === '-a') {
    const flags = FLAGS.map((flag) => (terminal.mode[flag] ? flag : `-${flag}`)).join(' ');
    await process.print(`speed 38400 baud; rows ${rows}; columns ${columns};\n${flags}\n`);
  }
  for (const word of args) {
    const flag = FLAGS.find((name) => name === word.replace(/^-/, ''));
    if (word === 'size') await process.print(`${rows} ${columns}\n`);
    else if (word === 'raw') terminal.setRaw();
    else if (word === 'sane' || word === '-raw' || word === 'cooked') terminal.setMode(SANE);
    else if (flag !== undefined) terminal.setMode({ [flag]: !word.startsWith('-') });
    else if (word !== '-a') throw new UsageError(`invalid argument '${word}'`);
  }
  return 0;
});
