/**
 * Programs that do nothing but wait for signals: they need no running function, so a process of one is the process alone.
 */
import type { AtRest, Program } from './process-context.ts';
import type { Signal } from './signals.ts';

/** A program at rest; called as a function it waits as any other does. */
export function resting(signals: ReadonlyMap<Signal, AtRest>): Program {
  const wait: Program = (process) =>
    new Promise((resolve) => {
      for (const [signal, does] of signals) {
        process.onSignal(signal, does === 'ignore' ? 'ignore' : () => resolve(does(process)));
      }
    });
  return Object.assign(wait, { atRest: signals });
}
