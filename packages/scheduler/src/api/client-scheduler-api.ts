/**
 * The scheduler's side of the API over @regatta/client.
 */
import { isNotFound, type Pod } from '@regatta/api';
import {
  type AnyClock,
  type ApiClient,
  EventsV1Recorder,
  formatTime,
  type Informer,
  type ResourceClient,
  realClock,
  resources,
} from '@regatta/client';
import type { Logger, Random } from '@regatta/runtime';
import type { SchedulerApi, SchedulingEvent, StatusChange } from '../cycle/scheduler-api.ts';
import { StatusWriter } from './status-writer.ts';

export interface ClientSchedulerApiOptions {
  readonly client: ApiClient;
  readonly informer: Informer<Pod>;
  readonly schedulerName: string;
  readonly clock: AnyClock;
  readonly random: Random;
  readonly logger: Logger;
}

export class ClientSchedulerApi implements SchedulerApi {
  readonly #pods: ResourceClient<Pod>;
  readonly #recorder: EventsV1Recorder;
  readonly #writer: StatusWriter;

  constructor(readonly options: ClientSchedulerApiOptions) {
    const { client, schedulerName: component, clock, random, logger } = options;
    this.#pods = client.resource(resources.pods);
    const events = client.resource(resources.eventsV1);
    this.#recorder = new EventsV1Recorder({ client: events, component, clock, random, logger });
    this.#writer = new StatusWriter(this.#pods, realClock(clock), logger);
  }

  async bind(pod: Pod, nodeName: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { name, namespace, uid } = pod.metadata;
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace, uid },
      target: { kind: 'Node', name: nodeName },
    };
    await this.#pods.subresource(name, 'binding', binding, namespace);
  }

  changeStatus(pod: Pod, change: StatusChange): void {
    this.#writer.change(pod, change);
  }

  event(regarding: Pod, related: Pod | undefined, { type, reason, action, note }: SchedulingEvent): void {
    this.#recorder.event(asPod(regarding), related && asPod(related), { type, reason, action, note });
  }

  async evict(victim: Pod, preemptor: Pod): Promise<void> {
    const { name, namespace = '', uid, generation } = victim.metadata;
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: `${preemptor.spec.schedulerName}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: formatTime(this.options.clock.now()),
      ...(generation !== undefined && { observedGeneration: generation }),
    };
    const body = { metadata: { uid }, status: { conditions: [condition] } };
    try {
      await this.#pods.patch(name, { namespace, type: 'strategic', subresource: 'status', body });
      await this.#pods.delete(name, { namespace, ...(uid && { preconditions: { uid } }) });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  unassigned(pod: Pod): Pod | undefined {
    const latest = this.options.informer.get(pod.metadata.namespace, pod.metadata.name);
    return latest && latest.metadata.uid === pod.metadata.uid && !latest.spec.nodeName ? latest : undefined;
  }

  close(): void {
    this.#recorder.close();
  }
}

/** Objects of lists don't say what they are; events need it. */
function asPod(pod: Pod): Pod {
  return pod.kind ? pod : { ...pod, apiVersion: 'v1', kind: 'Pod' };
}
