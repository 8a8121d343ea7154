/**
 * `sleep` and `usleep`, in cluster time.
 */
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { applet } from '../support/applet.ts';
import { UsageError } from '../support/command-line.ts';
import { durationOf } from '../support/duration.ts';

/** The longest single wait; longer ones are put together. */
const LONGEST_WAIT_MS = 24 * 3600 * 1000;

async function wait(process: ProcessContext, milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= LONGEST_WAIT_MS) await process.sleep(Math.min(left, LONGEST_WAIT_MS));
}

export const sleep = applet(async (process, args) => {
  const operands = args[0] === '--' ? args.slice(1) : args;
  if (operands.length === 0) throw new UsageError('missing operand');
  await wait(
    process,
    operands.map(durationOf).reduce((sum, one) => sum + one, 0),
  );
  return 0;
});

export const usleep = applet(async (process, [text = '']) => {
  await wait(process, Number(text) / 1000);
  return 0;
});
