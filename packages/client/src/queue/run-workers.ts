/**
 * Workers that reconcile the keys of a queue (k8s.io/client-go workqueue's processNextWorkItem, as controllers write it).
 */
import { isConflict } from '@regatta/api';
import type { Logger } from '@regatta/runtime';
import type { WorkQueue } from './work-queue.ts';

/**
 * Runs `reconcile` for each key, at most `concurrency` at once and never twice at once for one key. A failure is logged
 * and the key retried with back-off; success forgets its failures.
 * @returns once the signal has aborted and what was in progress is done; the queue is shut down by then
 */
export async function runWorkers(
  queue: WorkQueue,
  concurrency: number,
  reconcile: (key: string) => Promise<void>,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const stop = (): void => queue.shutdown();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  await Promise.all(Array.from({ length: concurrency }, () => work(queue, reconcile, logger)));
  signal.removeEventListener('abort', stop);
}

async function work(queue: WorkQueue, reconcile: (key: string) => Promise<void>, logger: Logger): Promise<void> {
  for (let key = await queue.next(); key !== undefined; key = await queue.next()) {
    try {
      await reconcile(key);
      queue.forget(key);
    } catch (error) {
      if (queue.isShutDown) return;
      report(logger, key, error);
      queue.addRateLimited(key);
    } finally {
      queue.done(key);
    }
  }
}

/** Conflicts are how optimistic concurrency works, not news. */
function report(logger: Logger, key: string, error: unknown): void {
  if (isConflict(error)) logger.debug('reconcile met a conflict; will retry', { key });
  else logger.warn('reconcile failed; will retry', { key, error });
}
