/**
 * The emptyDir volumes of a machine's Pods (upstream: pkg/volume/emptydir). They are on the machine's disk and outlive a
 * power loss; one on memory is a tmpfs, which doesn't: its size is its limit, or the memory that the Pod may use.
 */
import { type EmptyDirVolumeSource, type Pod, Quantity } from '@regatta/api';
import { uidOf } from '../pods/pod-names.ts';
import { FileSpace } from '../runtime/filesystem/file-space.ts';
import { type DirectoryNode, directoryNode, treeBytes } from '../runtime/filesystem/nodes.ts';
import type { TreeStore } from '../storage/tree-store.ts';
import type { EphemeralStorage } from './ephemeral-storage.ts';
import type { MountedVolume } from './pod-volumes.ts';
import { applyOwnership, fsGroupOf } from './volume-ownership.ts';

export interface EmptyDirsOptions {
  readonly space: FileSpace;
  readonly now: () => number;
  /** Bytes that Pods may use of the machine's memory. */
  readonly memory: number;
  /** Where a tree is kept; undefined when the machine's disk keeps nothing. */
  store(folder: string): TreeStore | undefined;
  /** Folders below one, and how to remove one. */
  folders(folder: string): readonly string[];
  removeFolder(folder: string): void;
}

interface OpenVolume {
  readonly space: FileSpace;
  readonly store: TreeStore | undefined;
}

const FOLDER = 'volumes';

export class EmptyDirs {
  /** By Pod, then by name. */
  readonly #open = new Map<string, Map<string, OpenVolume>>();
  /** Pods of before the boot that have something on disk. */
  readonly #left = new Set<string>();

  constructor(private readonly options: EmptyDirsOptions) {}

  open(pod: Pod, name: string, source: EmptyDirVolumeSource, storage: EphemeralStorage): MountedVolume {
    const onMemory = source.medium === 'Memory';
    const store = onMemory ? undefined : this.options.store(`${FOLDER}/${uidOf(pod)}/${name}`);
    const parent = onMemory ? this.options.space : storage.space;
    const limit = onMemory ? this.#memoryLimit(pod, source) : parent.limit;
    const watch = onMemory ? undefined : storage.emptyDirWatch(name, source, () => space);
    const space: FileSpace = new FileSpace({
      limit,
      parent,
      onMemory,
      ...(store === undefined ? {} : { journal: store }),
      ...(watch === undefined ? {} : { watch }),
    });
    const root = store?.load() ?? this.#make(pod, onMemory);
    space.charge(treeBytes(root), 'mount');
    store?.follow(root);
    const volumes = this.#open.get(uidOf(pod)) ?? new Map<string, OpenVolume>();
    this.#open.set(uidOf(pod), volumes.set(name, { space, store }));
    return { root, mount: { space, ...(onMemory ? { device: 'tmpfs', type: 'tmpfs' } : {}) }, readOnly: false };
  }

  /** Bytes that the volumes of a Pod hold, by name. */
  usage(podUid: string): ReadonlyMap<string, number> {
    return new Map([...(this.#open.get(podUid) ?? [])].map(([name, { space }]) => [name, space.used]));
  }

  remove(podUid: string): void {
    const volumes = this.#open.get(podUid);
    if (volumes === undefined && !this.#left.has(podUid)) return;
    this.#left.delete(podUid);
    for (const { space, store } of volumes?.values() ?? []) {
      space.close();
      store?.remove();
    }
    this.#open.delete(podUid);
    this.options.removeFolder(`${FOLDER}/${podUid}`);
  }

  /** What the disk holds of other Pods goes. */
  retain(isKnown: (uid: string) => boolean): void {
    for (const uid of this.options.folders(FOLDER)) {
      if (isKnown(uid)) this.#left.add(uid);
      else this.options.removeFolder(`${FOLDER}/${uid}`);
    }
  }

  flush(): void {
    for (const volumes of this.#open.values()) for (const { store } of volumes.values()) store?.flush();
  }

  /** Nothing is written any more. */
  close(): void {
    for (const volumes of this.#open.values()) for (const { store } of volumes.values()) store?.close();
  }

  #make(pod: Pod, onMemory: boolean): DirectoryNode {
    const root = directoryNode(onMemory ? 0o1777 : 0o777, this.options.now());
    applyOwnership(root, { fsGroup: fsGroupOf(pod), readOnly: false });
    return root;
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
