/**
 * Writes Pods' scheduling status without making the scheduler wait: the newest change of a Pod wins, a bounded number of
 * patches is on the way (upstream: updatePod in pkg/scheduler/schedule_one.go).
 */
import { isNotFound, type Pod, type PodCondition } from '@regatta/api';
import { formatTime, type ResourceClient } from '@regatta/client';
import type { Clock, Logger } from '@regatta/runtime';
import type { StatusChange } from '../cycle/scheduler-api.ts';

const CONCURRENCY = 16;

interface Pending {
  readonly pod: Pod;
  readonly change: StatusChange;
}

export class StatusWriter {
  readonly #pending = new Map<string, Pending>();
  #running = 0;

  constructor(
    readonly pods: ResourceClient<Pod>,
    readonly clock: Clock,
    readonly logger: Logger,
  ) {}

  change(pod: Pod, change: StatusChange): void {
    const uid = pod.metadata.uid ?? '';
    const before = this.#pending.get(uid)?.change;
    this.#pending.set(uid, { pod, change: { ...before, ...change } });
    if (this.#running >= CONCURRENCY) return;
    this.#running++;
    void this.#run();
  }

  async #run(): Promise<void> {
    for (let next = this.#take(); next; next = this.#take()) await this.#write(next);
    this.#running--;
  }

  #take(): Pending | undefined {
    for (const [uid, pending] of this.#pending) {
      this.#pending.delete(uid);
      return pending;
    }
    return undefined;
  }

  async #write({ pod, change }: Pending): Promise<void> {
    const status = statusPatch(pod, change, this.clock.now());
    if (!status) return;
    const { name, namespace, uid } = pod.metadata;
    const body = { metadata: { uid }, status };
    try {
      await this.pods.patch(name, { namespace: namespace ?? '', type: 'strategic', subresource: 'status', body });
    } catch (error) {
      if (!isNotFound(error)) this.logger.warn('a pod status was not written', { pod: `${namespace}/${name}`, error });
    }
  }
}

/** What has to be patched; undefined when the Pod says all that already. */
export function statusPatch(pod: Pod, change: StatusChange, now: number): Record<string, unknown> | undefined {
  const condition = change.condition && changedCondition(pod, change.condition, now);
  const nominated = change.nominatedNode;
  const renominate = nominated !== undefined && nominated !== (pod.status?.nominatedNodeName ?? '');
  if (!condition && !renominate) return undefined;
  return {
    ...(condition && { conditions: [condition] }),
    ...(renominate && { nominatedNodeName: nominated === '' ? null : nominated }),
  };
}

function changedCondition(
  pod: Pod,
  { reason, message }: { readonly reason: string; readonly message: string },
  now: number,
): Partial<PodCondition> | undefined {
  const old = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const generation = pod.metadata.generation;
  const same = old?.status === 'False' && old.reason === reason && old.message === message;
  if (same && old.observedGeneration === generation) return undefined;
  return {
    type: 'PodScheduled',
    status: 'False',
    reason,
    message,
    ...(generation !== undefined && { observedGeneration: generation }),
    ...(old?.status !== 'False' && { lastTransitionTime: formatTime(now) }),
  };
}
