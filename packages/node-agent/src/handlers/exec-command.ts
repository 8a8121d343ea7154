/**
 * Runs a command in a container for a probe or a hook (upstream: RunInContainer of
 * pkg/kubelet/kuberuntime/kuberuntime_container.go and ExecSync of the CRI client).
 */
import type { ClusterClock } from '@regatta/runtime';
import type { ContainerRuntime } from '../runtime/container-runtime.ts';
import { LONGEST_OUTPUT } from './handler-target.ts';

export interface CommandResult {
  readonly code: number;
  /** Both streams, as they came, cut to what is kept. */
  readonly output: string;
  /** What went to standard error. */
  readonly errors: string;
  readonly timedOut: boolean;
}

export interface CommandOptions {
  /** Cluster milliseconds; no limit where it is left out. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** @throws RuntimeError when the command can't be started */
export async function execCommand(
  runtime: ContainerRuntime,
  clock: ClusterClock,
  containerId: string,
  command: readonly string[],
  { timeout, signal }: CommandOptions = {},
): Promise<CommandResult> {
  const session = await runtime.exec(containerId, { command, stdin: false, tty: false });
  let timedOut = false;
  const timer =
    timeout === undefined
      ? undefined
      : clock.setTimer(timeout, () => {
          timedOut = true;
          session.close();
        });
  const stop = (): void => session.close();
  if (signal?.aborted) stop();
  else signal?.addEventListener('abort', stop, { once: true });
  try {
    const [output, code] = await Promise.all([collect(session.output), session.exitCode]);
    return { code, timedOut: timedOut && code !== 0, ...output };
  } finally {
    timer?.cancel();
    signal?.removeEventListener('abort', stop);
  }
}

async function collect(
  chunks: AsyncIterable<{ readonly stream: string; readonly bytes: Uint8Array }>,
): Promise<{ readonly output: string; readonly errors: string }> {
  const all: Uint8Array[] = [];
  const errors: Uint8Array[] = [];
  let size = 0;
  for await (const { stream, bytes } of chunks) {
    const kept = bytes.subarray(0, Math.max(0, LONGEST_OUTPUT - size));
    size += bytes.length;
    if (kept.length === 0) continue;
    all.push(kept);
    if (stream === 'stderr') errors.push(kept);
  }
  return { output: Buffer.concat(all).toString(), errors: Buffer.concat(errors).toString() };
}
