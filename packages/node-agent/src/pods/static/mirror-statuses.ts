/**
 * Where the worker of a static Pod reports to: its mirror, as soon as there is one.
 */
import type { Pod, PodStatus } from '@regatta/api';
import type { PodStatuses } from '../pod-statuses.ts';

export class MirrorStatuses implements PodStatuses {
  #mirror: Pod | undefined;
  #status: PodStatus | undefined;

  constructor(private readonly statuses: PodStatuses) {}

  /** The API's newest state of the mirror; undefined when it is gone. */
  mirror(mirror: Pod | undefined): void {
    const before = this.#mirror?.metadata.uid;
    if (before !== undefined && before !== mirror?.metadata.uid) this.statuses.forget(before);
    this.#mirror = mirror;
    if (mirror === undefined) return;
    this.statuses.observe(mirror);
    if (this.#status) this.statuses.set(mirror, this.#status);
  }

  observe(): void {}

  set(_pod: Pod, status: PodStatus): void {
    this.#status = status;
    if (this.#mirror) this.statuses.set(this.#mirror, status);
  }

  current(pod: Pod): Pod {
    if (this.#mirror === undefined) return this.#status === undefined ? pod : { ...pod, status: this.#status };
    const { status, metadata } = this.statuses.current(this.#mirror);
    const { generation } = metadata;
    return {
      ...pod,
      metadata: { ...pod.metadata, ...(generation === undefined ? {} : { generation }) },
      ...(status === undefined ? {} : { status }),
    };
  }

  /** A static Pod that is over stays as long as its manifest. */
  finish(): void {}

  forget(): void {
    this.mirror(undefined);
  }
}
