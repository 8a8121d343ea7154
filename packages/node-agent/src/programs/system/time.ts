/**
 * `time` as a program: cluster time that a command took.
 */
import { exitCodeOf } from '../../runtime/process/exit-status.ts';
import { applet } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';
import { programOf } from '../support/run-program.ts';

export const time = applet(async (process, args) => {
  const { operands } = parseOptions(args, { flags: 'vp', values: 'of', stopAtOperand: true });
  const [name] = operands;
  if (name === undefined) throw new UsageError('missing operand');
  const started = process.clock.now();
  const status = await process.spawn({ argv: operands, program: programOf(process, name) }).wait();
  const seconds = (process.clock.now() - started) / 1000;
  await process.printError(
    `real\t${Math.floor(seconds / 60)}m ${(seconds % 60).toFixed(2)}s\nuser\t0m 0.00s\nsys\t0m 0.00s\n`,
  );
  return exitCodeOf(status);
});
