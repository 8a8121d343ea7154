/**
 * Holds a crashed container back (upstream: pkg/kubelet/kuberuntime/kuberuntime_manager.go, doBackOff): its status shows
 * CrashLoopBackOff, and an event says so once a wait.
 */
import type { Container, Pod } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import type { EventSink } from '../api/ports.ts';
import type { ContainerRecord } from '../runtime/container-runtime.ts';
import { CrashBackoff } from './crash-backoff.ts';
import { containerReference, formatPod } from './pod-names.ts';
import type { StartFailure } from './status/container-statuses.ts';

const WAITING_FOR_IMAGE: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff']);

export class CrashGate {
  readonly #backoff: CrashBackoff;

  constructor(
    clock: ClusterClock,
    private readonly events: EventSink,
    private readonly failures: Map<string, StartFailure>,
  ) {
    this.#backoff = new CrashBackoff(clock);
  }

  /** Cluster milliseconds that the container must wait; 0 when it may start, which is then counted. */
  check(pod: Pod, { name }: Container, latest: ContainerRecord | undefined): number {
    const before = this.failures.get(name)?.reason ?? '';
    // Who waits for an image has paid for the crash before already.
    if (latest?.state !== 'exited' || latest.finishedAt === undefined || WAITING_FOR_IMAGE.has(before)) return 0;
    const wait = this.#backoff.remaining(name, latest.finishedAt);
    if (wait <= 0) {
      this.#backoff.next(name, latest.finishedAt);
      return 0;
    }
    if (before !== 'CrashLoopBackOff') {
      const text = `Back-off restarting failed container ${name} in pod ${formatPod(pod)}`;
      this.events.event(containerReference(pod, name), 'Warning', 'BackOff', text);
    }
    const delay = formatSeconds(this.#backoff.delay(name));
    const message = `back-off ${delay} restarting failed container=${name} pod=${formatPod(pod)}`;
    this.failures.set(name, { reason: 'CrashLoopBackOff', message });
    return wait;
  }
}

/** Go's way to write whole seconds: 10s, 1m20s, 5m0s. */
function formatSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
