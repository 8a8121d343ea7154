/**
 * Brings the API's Pod statuses in line with what the node knows (upstream: pkg/kubelet/status/status_manager.go).
 *
 * Level-triggered both ways: it writes when the node's view changes, and when the API's status is another than the
 * node's view although that did not change (a controller wrote Unknown while the node was away).
 * Invariants: per Pod one write at a time; each write carries the resourceVersion it was computed from, so that a node
 * that was away reads again before it overwrites; fields and conditions of others are kept; a Pod is deleted from the
 * API only after its final status was written, with its uid as precondition.
 */
import { isConflict, isNotFound, jsonEqual, type Pod, type PodStatus } from '@regatta/api';
import { Backoff, type Clock, type Logger, sleep } from '@regatta/runtime';
import type { ObjectApi } from '../api/ports.ts';
import { uidOf } from './pod-names.ts';
import type { PodStatuses } from './pod-statuses.ts';
import { podConditionsOwnedByOthers } from './status/pod-conditions.ts';

/** Real milliseconds between attempts to reach the API. */
const RETRY = { base: 200, max: 10_000 };

interface Entry {
  /** The newest state of the object that was seen: watched, read, or answered to a write. */
  pod: Pod;
  desired: PodStatus | undefined;
  /** The Pod has ended on this node and may go once its status is written. */
  finished: boolean;
  /** The API has taken the final delete: what holds the object now are finalizers, and they are others' business. */
  released: boolean;
  /** A status that the API answered with another one: writing it again would change nothing. */
  refused: { readonly wanted: PodStatus; readonly got: PodStatus | undefined } | undefined;
  busy: boolean;
  /** Something changed since the last look. */
  dirty: boolean;
}

export interface StatusManagerOptions {
  readonly pods: ObjectApi<Pod>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** The API no longer has the Pod under this uid. */
  onGone(uid: string): void;
}

export class StatusManager implements PodStatuses {
  readonly #entries = new Map<string, Entry>();
  readonly #backoff = new Backoff(RETRY);

  constructor(private readonly options: StatusManagerOptions) {}

  /** The API's newest known state of a Pod. */
  observe(pod: Pod): void {
    const entry = this.#entry(pod);
    if (isNewer(pod, entry.pod)) entry.pod = pod;
    this.#wake(uidOf(pod));
  }

  /** What the status should be. */
  set(pod: Pod, status: PodStatus): void {
    this.#entry(pod).desired = status;
    this.#wake(uidOf(pod));
  }

  /** The newest status that the API is known to have. */
  current(pod: Pod): Pod {
    return this.#entries.get(uidOf(pod))?.pod ?? pod;
  }

  /** The Pod has ended here: delete it from the API when it is marked for deletion. */
  finish(pod: Pod): void {
    this.#entry(pod).finished = true;
    this.#wake(uidOf(pod));
  }

  forget(uid: string): void {
    this.#entries.delete(uid);
    this.#backoff.reset(uid);
  }

  #entry(pod: Pod): Entry {
    const uid = uidOf(pod);
    const known = this.#entries.get(uid);
    if (known) return known;
    const entry: Entry = {
      pod,
      desired: undefined,
      finished: false,
      released: false,
      refused: undefined,
      busy: false,
      dirty: false,
    };
    this.#entries.set(uid, entry);
    return entry;
  }

  #wake(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    entry.dirty = true;
    if (!entry.busy) void this.#run(uid, entry);
  }

  async #run(uid: string, entry: Entry): Promise<void> {
    entry.busy = true;
    while (entry.dirty && this.#entries.get(uid) === entry && !this.options.signal.aborted) {
      entry.dirty = false;
      try {
        if (await this.#step(uid, entry)) entry.dirty = true;
        this.#backoff.reset(uid);
      } catch (error) {
        if (await this.#recover(uid, entry, error)) entry.dirty = true;
      }
    }
    entry.busy = false;
  }

  /** One write, when one is due. False when there is nothing left to do. */
  async #step(uid: string, entry: Entry): Promise<boolean> {
    const wanted = entry.desired && mergeStatus(entry.pod.status, entry.desired);
    if (wanted && !jsonEqual(wanted, entry.pod.status) && !this.#wasRefused(entry, wanted)) {
      const written = await this.options.pods.updateStatus({ ...entry.pod, status: wanted });
      if (isNewer(written, entry.pod)) entry.pod = written;
      entry.refused = jsonEqual(wanted, written.status) ? undefined : { wanted, got: written.status };
      return true;
    }
    if (!entry.finished || entry.released || entry.pod.metadata.deletionTimestamp === undefined) return false;
    const { name, namespace = '' } = entry.pod.metadata;
    await this.options.pods.delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
    entry.released = true;
    return false;
  }

  #wasRefused({ refused, pod }: Entry, wanted: PodStatus): boolean {
    return refused !== undefined && jsonEqual(refused.wanted, wanted) && jsonEqual(refused.got, pod.status);
  }

  async #recover(uid: string, entry: Entry, error: unknown): Promise<boolean> {
    if (isNotFound(error)) return this.#gone(uid);
    if (isConflict(error)) {
      try {
        return await this.#readAgain(uid, entry);
      } catch (second) {
        if (isNotFound(second)) return this.#gone(uid);
      }
    }
    this.options.logger.debug('a pod status was not written', { pod: entry.pod.metadata.name, error });
    await sleep(this.options.clock, this.#backoff.next(uid), this.options.signal).catch(() => {});
    return true;
  }

  /** Somebody else wrote: see what there is now. */
  async #readAgain(uid: string, entry: Entry): Promise<boolean> {
    const { name, namespace } = entry.pod.metadata;
    const found = await this.options.pods.get(name, namespace);
    if (uidOf(found) !== uid) return this.#gone(uid);
    entry.pod = found;
    return true;
  }

  #gone(uid: string): false {
    this.forget(uid);
    this.options.onGone(uid);
    return false;
  }
}

/** Fields that the kubelet reports are its own; the others are kept as the API has them. */
export function mergeStatus(before: PodStatus | undefined, desired: PodStatus): PodStatus {
  const { nominatedNodeName, resourceClaimStatuses, extendedResourceClaimStatus, resize } = before ?? {};
  const own = podConditionsOwnedByKubelet(desired);
  const others = podConditionsOwnedByOthers(before?.conditions).filter(({ type }) => own.every((o) => o.type !== type));
  return {
    ...desired,
    ...(before?.reason !== undefined && desired.reason === undefined && isMarkedByController(before)
      ? { reason: before.reason, ...(before.message === undefined ? {} : { message: before.message }) }
      : {}),
    ...(before?.qosClass === undefined ? {} : { qosClass: before.qosClass }),
    ...(before?.startTime === undefined ? {} : { startTime: before.startTime }),
    ...(nominatedNodeName === undefined ? {} : { nominatedNodeName }),
    ...(resourceClaimStatuses === undefined ? {} : { resourceClaimStatuses }),
    ...(extendedResourceClaimStatus === undefined ? {} : { extendedResourceClaimStatus }),
    ...(resize === undefined ? {} : { resize }),
    conditions: [...others, ...own],
  };
}

function podConditionsOwnedByKubelet(desired: PodStatus): NonNullable<PodStatus['conditions']> {
  const others = new Set(podConditionsOwnedByOthers(desired.conditions));
  return (desired.conditions ?? []).filter((condition) => !others.has(condition));
}

/** NodeLost is the controllers' mark on a Pod that is on its way out: it stays until the Pod is gone. */
function isMarkedByController(before: PodStatus): boolean {
  return before.reason === 'NodeLost';
}

/** Whether `pod` is a later state than `than`. Resource versions of one cluster are ordered numbers. */
function isNewer(pod: Pod, than: Pod): boolean {
  return Number(pod.metadata.resourceVersion ?? 0) >= Number(than.metadata.resourceVersion ?? 0);
}
