/**
 * What every main does the same: ends on SIGTERM or SIGINT, and ends when its supervisor is gone.
 */
import type { Logger } from './logger.ts';

/** Aborts on the first SIGTERM or SIGINT; a second one ends the process at once. */
export function shutdownSignal(logger: Logger): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      logger.info('stopping', { signal: name });
      controller.abort(new Error(`stopped by ${name}`));
    });
  }
  return controller.signal;
}

/**
 * Ends this process when the supervisor that started it (with an IPC channel) dies, however it dies.
 * Does nothing for a process that was started without a channel.
 */
export function endWithSupervisor(logger: Logger): void {
  // Only a process that was started with a channel can send, also when nobody is at its other end any more.
  if (process.send === undefined) return;
  const end = (): void => {
    logger.warn('supervisor is gone: ending');
    process.kill(process.pid, 'SIGTERM');
  };
  // It may have died while this process was still loading its code.
  if (!process.connected) return end();
  process.on('disconnect', end);
  process.channel?.unref();
}

/** Tells the supervisor, where there is one, how far this process has come. */
export function reportProgress(message: { readonly state: 'ready' | 'failed'; readonly detail?: string }): void {
  if (process.connected) process.send?.(message);
}
