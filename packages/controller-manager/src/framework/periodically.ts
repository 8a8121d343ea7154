/**
 * A pass that is run again and again (k8s.io/apimachinery/pkg/util/wait, UntilWithContext), in cluster time.
 *
 * Invariants: passes never overlap; one that throws is logged and the next still comes.
 */
import { type ClusterClock, type Logger, sleep } from '@regatta/runtime';

/**
 * Runs `pass` now and then `period` cluster milliseconds after each one ended, until the signal aborts.
 * @param options.leastReal real milliseconds that lie between passes at any speed: a fast cluster is no busy loop
 */
export async function periodically(
  clock: ClusterClock,
  period: number,
  pass: () => Promise<void> | void,
  options: { readonly logger: Logger; readonly signal: AbortSignal; readonly leastReal?: number },
): Promise<void> {
  const { logger, signal, leastReal = 0 } = options;
  while (!signal.aborted) {
    try {
      await pass();
    } catch (error) {
      if (!signal.aborted) logger.error('pass failed', { error });
    }
    // Two waits, not the longer one: which that is changes with the speed.
    await Promise.all([clock.sleep(period, signal), sleep(clock.real, leastReal, signal)]).catch(() => {});
  }
}
