/**
 * A pass that is run again and again (k8s.io/apimachinery/pkg/util/wait, UntilWithContext), in cluster time.
 *
 * Invariants: passes never overlap; one that throws is logged and the next still comes.
 */
import type { ClusterClock, Logger } from '@regatta/runtime';

/**
 * Runs `pass` now and then `period` cluster milliseconds after each one ended, until the signal aborts.
 * @param leastReal real milliseconds that lie between passes at any speed, so that a fast cluster is not a busy loop
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
    const wait = Math.max(period, leastReal * clock.speed);
    await clock.sleep(wait, signal).catch(() => {});
  }
}
