/**
 * The emptyDir volumes of a machine's Pods (upstream: pkg/volume/emptydir). One on memory is a tmpfs: its size is its
 * limit, or the memory that the Pod may use.
 */
import { type EmptyDirVolumeSource, type Pod, Quantity } from '@regatta/api';
import { uidOf } from '../pods/pod-names.ts';
import { FileSpace } from '../runtime/filesystem/file-space.ts';
import { directoryNode } from '../runtime/filesystem/nodes.ts';
import type { MountedVolume } from './pod-volumes.ts';
import { applyOwnership, fsGroupOf } from './volume-ownership.ts';

export interface EmptyDirsOptions {
  readonly space: FileSpace;
  readonly now: () => number;
  /** Bytes that Pods may use of the machine's memory. */
  readonly memory: number;
}

export class EmptyDirs {
  /** By Pod, then by name. */
  readonly #spaces = new Map<string, Map<string, FileSpace>>();

  constructor(private readonly options: EmptyDirsOptions) {}

  open(pod: Pod, name: string, source: EmptyDirVolumeSource): MountedVolume {
    const { space: parent, now } = this.options;
    const onMemory = source.medium === 'Memory';
    const limit = onMemory ? this.#memoryLimit(pod, source) : parent.limit;
    const space = new FileSpace({ limit, parent });
    const spaces = this.#spaces.get(uidOf(pod)) ?? new Map<string, FileSpace>();
    this.#spaces.set(uidOf(pod), spaces.set(name, space));
    const root = directoryNode(onMemory ? 0o1777 : 0o777, now());
    applyOwnership(root, { fsGroup: fsGroupOf(pod), readOnly: false });
    return { root, mount: { space, ...(onMemory ? { device: 'tmpfs', type: 'tmpfs' } : {}) }, readOnly: false };
  }

  /** Bytes that the volumes of a Pod hold, by name. */
  usage(podUid: string): ReadonlyMap<string, FileSpace> {
    return this.#spaces.get(podUid) ?? new Map();
  }

  remove(pod: Pod): void {
    for (const space of this.usage(uidOf(pod)).values()) space.close();
    this.#spaces.delete(uidOf(pod));
  }

  #memoryLimit(pod: Pod, { sizeLimit }: EmptyDirVolumeSource): number {
    const limits = pod.spec.containers.map(({ resources }) => resources?.limits?.['memory']);
    const ofPod = limits.every((limit) => limit !== undefined) ? sum(limits) : this.options.memory;
    const own = bytes(sizeLimit);
    return own > 0 ? Math.min(own, ofPod) : ofPod;
  }
}

function sum(quantities: readonly (string | undefined)[]): number {
  return quantities.reduce((total, quantity) => total + bytes(quantity), 0);
}

function bytes(quantity: string | undefined): number {
  return quantity === undefined ? 0 : Number(Quantity.parse(quantity).value());
}
