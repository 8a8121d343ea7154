/**
 * What a runtime knows of its sandboxes and containers, by Pod, in memory and on the node's disk: one small document a
 * Pod, written once per turn of the event loop however often it changed.
 */
import type { NodeDisk } from '../storage/node-disk.ts';
import type { ContainerRecord, SandboxRecord } from './container-runtime.ts';

interface PodRecord {
  sandboxes: readonly SandboxRecord[];
  containers: readonly ContainerRecord[];
}

const NONE: PodRecord = { sandboxes: [], containers: [] };

export class PodRecords {
  readonly #pods = new Map<string, PodRecord>();
  readonly #containerPods = new Map<string, string>();
  readonly #dirty = new Set<string>();

  /** @param bootedAt the instant at which what ran before is found dead */
  constructor(
    private readonly disk: NodeDisk,
    bootedAt: number,
    private readonly changed: (podUid: string) => void,
  ) {
    for (const uid of disk.list('pods')) this.#load(uid, bootedAt);
  }

  podUids(): readonly string[] {
    return [...this.#pods.keys()];
  }

  sandboxes(podUid: string): readonly SandboxRecord[] {
    return (this.#pods.get(podUid) ?? NONE).sandboxes;
  }

  containers(podUid: string): readonly ContainerRecord[] {
    return (this.#pods.get(podUid) ?? NONE).containers;
  }

  sandbox(id: string): SandboxRecord | undefined {
    for (const pod of this.#pods.values()) {
      const found = pod.sandboxes.find((sandbox) => sandbox.id === id);
      if (found) return found;
    }
    return undefined;
  }

  container(id: string): ContainerRecord | undefined {
    const uid = this.#containerPods.get(id);
    return uid === undefined ? undefined : this.containers(uid).find((container) => container.id === id);
  }

  putSandbox(sandbox: SandboxRecord): void {
    const pod = this.#pods.get(sandbox.podUid) ?? NONE;
    this.#put(sandbox.podUid, { ...pod, sandboxes: replaced(pod.sandboxes, sandbox) });
  }

  putContainer(container: ContainerRecord): void {
    const pod = this.#pods.get(container.podUid) ?? NONE;
    this.#containerPods.set(container.id, container.podUid);
    this.#put(container.podUid, { ...pod, containers: replaced(pod.containers, container) });
  }

  removeSandbox(id: string): void {
    const sandbox = this.sandbox(id);
    if (sandbox === undefined) return;
    const pod = this.#pods.get(sandbox.podUid) ?? NONE;
    this.#put(sandbox.podUid, { ...pod, sandboxes: pod.sandboxes.filter((s) => s.id !== id) });
  }

  removeContainer(id: string): void {
    const uid = this.#containerPods.get(id);
    if (uid === undefined) return;
    this.#containerPods.delete(id);
    const pod = this.#pods.get(uid) ?? NONE;
    this.#put(uid, { ...pod, containers: pod.containers.filter((container) => container.id !== id) });
  }

  #put(podUid: string, pod: PodRecord): void {
    if (pod.sandboxes.length === 0 && pod.containers.length === 0) this.#pods.delete(podUid);
    else this.#pods.set(podUid, pod);
    if (this.#dirty.size === 0) queueMicrotask(() => this.#flush());
    this.#dirty.add(podUid);
    this.changed(podUid);
  }

  #flush(): void {
    for (const uid of this.#dirty) {
      const pod = this.#pods.get(uid);
      if (pod === undefined) this.disk.remove(`pods/${uid}`);
      else this.disk.write(`pods/${uid}`, pod);
    }
    this.#dirty.clear();
  }

  #load(uid: string, bootedAt: number): void {
    const stored = this.disk.read(`pods/${uid}`);
    if (!isPodRecord(stored)) return this.disk.remove(`pods/${uid}`);
    const sandboxes = stored.sandboxes.map((sandbox): SandboxRecord => ({ ...sandbox, state: 'not-ready' }));
    const containers = stored.containers.map((container) => deadAfterBoot(container, bootedAt));
    this.#pods.set(uid, { sandboxes, containers });
    for (const container of containers) this.#containerPods.set(container.id, uid);
  }
}

function replaced<T extends { readonly id: string }>(items: readonly T[], item: T): readonly T[] {
  return items.some((other) => other.id === item.id)
    ? items.map((other) => (other.id === item.id ? item : other))
    : [...items, item];
}

/** containerd's view of a task that is gone after a restart (internal/cri/server/restart.go). */
function deadAfterBoot(container: ContainerRecord, bootedAt: number): ContainerRecord {
  if (container.state === 'exited') return container;
  return { ...container, state: 'exited', exitCode: 255, reason: 'Unknown', finishedAt: bootedAt };
}

function isPodRecord(value: unknown): value is PodRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'sandboxes' in value &&
    Array.isArray(value.sandboxes) &&
    'containers' in value &&
    Array.isArray(value.containers)
  );
}
