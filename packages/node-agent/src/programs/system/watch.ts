/**
 * `watch`
 */
import { applet } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';
import { programOf } from '../support/run-program.ts';
import { formatDate } from './date-text.ts';

export const watch = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'tdegcx',
    values: 'n',
    stopAtOperand: true,
    long: { interval: 'n', 'no-title': 't' },
  });
  if (line.operands.length === 0) throw new UsageError('missing operand');
  const seconds = Number(line.value('n') ?? 2);
  const command = line.operands.join(' ');
  for (;;) {
    const title = line.has('t')
      ? ''
      : `Every ${seconds.toFixed(1)}s: ${command.padEnd(40)} ${formatDate('%a %b %e %H:%M:%S %Y', process.clock.now())}\n\n`;
    await process.print(`\x1b[H\x1b[J${title}`);
    await process.spawn({ argv: ['sh', '-c', command], program: programOf(process, 'sh') }).wait();
    await process.sleep(Math.max(0.1, seconds) * 1000);
  }
});
