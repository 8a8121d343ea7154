/**
 * What the scheduler asks of the API. A port: api/client-scheduler-api.ts does it over @regatta/client, tests write it down.
 */
import type { Pod } from '@regatta/api';

export interface PodScheduledFalse {
  /** Unschedulable or SchedulerError. */
  readonly reason: 'Unschedulable' | 'SchedulerError';
  readonly message: string;
}

export interface StatusChange {
  readonly condition?: PodScheduledFalse;
  /** status.nominatedNodeName; '' clears it, undefined leaves it alone. */
  readonly nominatedNode?: string;
}

export interface SchedulingEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: 'Scheduled' | 'FailedScheduling' | 'Preempted';
  readonly action: 'Binding' | 'Scheduling' | 'Preempting';
  readonly note: string;
}

export interface SchedulerApi {
  /** Binds through the binding subresource. @throws StatusError, BusError */
  bind(pod: Pod, nodeName: string, signal: AbortSignal): Promise<void>;
  /** Returns at once; the newest change of a Pod wins. */
  changeStatus(pod: Pod, change: StatusChange): void;
  /** Returns at once. */
  event(regarding: Pod, related: Pod | undefined, event: SchedulingEvent): void;
  /** Marks a Pod as preempted and deletes it. @throws StatusError, BusError */
  evict(victim: Pod, preemptor: Pod): Promise<void>;
  /** The Pod as the informer has it, when it is still the same Pod and on no node. */
  unassigned(pod: Pod): Pod | undefined;
}
