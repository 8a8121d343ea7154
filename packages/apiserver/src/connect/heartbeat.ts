/**
 * Says something to a client every now and then. A connection that is not read (its input waits for a program that does
 * not take it) shows that its client is gone only when something is written to it.
 */
import type { Clock } from '@regatta/runtime';

/** Real milliseconds; upstream's proxies ping every five seconds, too. */
export const PING_PERIOD = 5000;

/** Until `signal` aborts. */
export function heartbeat(clock: Clock, period: number, signal: AbortSignal, ping: () => void): void {
  const beat = (): void => {
    ping();
    timer = clock.setTimer(period, beat);
  };
  let timer = clock.setTimer(period, beat);
  const stop = (): void => timer.cancel();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
}
