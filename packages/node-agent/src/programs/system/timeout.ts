/**
 * `timeout`
 */
import { exitCodeOf } from '../../runtime/process/exit-status.ts';
import { signalOf } from '../../runtime/process/signals.ts';
import { applet, flavourOf } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';
import { durationOf } from '../support/duration.ts';
import { programOf } from '../support/run-program.ts';

const TIMED_OUT = 124;
/** Signals that the command gets in its place. */
const PASSED = ['TERM', 'INT', 'HUP', 'QUIT'] as const;

export const timeout = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'fv',
    values: 'sk',
    stopAtOperand: true,
    long: { signal: 's', 'kill-after': 'k', foreground: 'f', 'preserve-status': 'f' },
  });
  const [text, ...argv] = line.operands;
  const [name] = argv;
  if (text === undefined || name === undefined) throw new UsageError('missing operand', 125);
  const signal = signalOf(line.value('s') ?? 'TERM');
  if (signal === undefined) throw new UsageError(`invalid signal '${line.value('s')}'`, 125);
  const limit = durationOf(text);
  const child = process.spawn({ argv, program: programOf(process, name) });
  for (const passed of PASSED) process.onSignal(passed, () => process.kernel.kill(child.pid, passed, process));
  const ended = child.wait();
  const late =
    limit > 0 && Number.isFinite(limit)
      ? process.sleep(limit).then(() => 'late' as const)
      : new Promise<never>(() => {});
  const first = await Promise.race([ended, late]);
  if (first !== 'late') return exitCodeOf(first);
  process.kernel.kill(child.pid, signal, process);
  const after = line.value('k');
  if (after !== undefined) {
    const killed = await Promise.race([ended, process.sleep(durationOf(after)).then(() => 'late' as const)]);
    if (killed === 'late') process.kernel.kill(child.pid, 'KILL', process);
  }
  const status = await ended;
  // busybox's ends by the signal itself.
  if (flavourOf(process) === 'busybox') {
    for (const passed of PASSED) process.onSignal(passed, 'default');
    process.kernel.kill(process.pid, signal, process);
  }
  return 'signal' in status && status.signal === 'KILL' ? exitCodeOf(status) : TIMED_OUT;
});
