/**
 * When what changed a Service's endpoints happened: the annotation from which latency of the network's programming is
 * measured (k8s.io/endpointslice/util/trigger_time_tracker.go).
 */
import type { Pod, Service } from '@regatta/api';
import { parseTime } from '../framework/timestamps.ts';
import { podCondition } from '../pods/pod-conditions.ts';

export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';

interface Seen {
  readonly service: number;
  readonly pods: ReadonlyMap<string, number>;
}

export class TriggerTimes {
  readonly #seen = new Map<string, Seen>();

  /** The earliest change since the last call, epoch ms; undefined when nothing has a newer time. */
  next(key: string, service: Service, pods: readonly Pod[]): number | undefined {
    const before = this.#seen.get(key);
    const now: Seen = {
      service: parseTime(service.metadata.creationTimestamp),
      pods: new Map(pods.map((pod) => [pod.metadata.name, parseTime(podCondition(pod, 'Ready')?.lastTransitionTime)])),
    };
    this.#seen.set(key, now);
    const newer = [...now.pods].filter(([name, time]) => time > (before?.pods.get(name) ?? 0)).map(([, time]) => time);
    if (now.service > (before?.service ?? 0)) newer.push(now.service);
    return newer.length === 0 ? undefined : Math.min(...newer);
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}
