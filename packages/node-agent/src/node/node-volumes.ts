/**
 * Puts together what a machine gives to the volumes of its Pods.
 */
import { Quantity } from '@regatta/api';
import type { ClusterClock, Logger, Random } from '@regatta/runtime';
import type { EventSink } from '../api/ports.ts';
import type { NodeNetwork } from '../containers/network-files.ts';
import { imageFiles } from '../images/image-files.ts';
import type { FileSpace } from '../runtime/filesystem/file-space.ts';
import type { DirectoryNode } from '../runtime/filesystem/nodes.ts';
import type { ImageStore } from '../runtime/image-store.ts';
import { containerLinks, type LoggedContainers, podLogs } from '../storage/log-files.ts';
import type { NodeDisk } from '../storage/node-disk.ts';
import { NodeFiles } from '../storage/node-files.ts';
import { TreeStore } from '../storage/tree-store.ts';
import { EmptyDirs } from '../volumes/empty-dirs.ts';
import type { VolumeSources } from '../volumes/volume-content.ts';
import type { VolumeHost } from '../volumes/volume-host.ts';
import type { Machine } from './machine.ts';
import { OS_IMAGE } from './node-status.ts';

export interface NodeVolumesOptions {
  readonly machine: Machine;
  readonly disk: NodeDisk;
  readonly sources: VolumeSources;
  readonly network: NodeNetwork;
  readonly images: Pick<ImageStore, 'find' | 'profile'>;
  readonly containers: LoggedContainers;
  readonly clock: ClusterClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly events: EventSink;
  readonly space: FileSpace;
  evict(podUid: string, message: string): void;
}

export class NodeVolumes implements VolumeHost {
  readonly sources: VolumeSources;
  readonly network: NodeNetwork;
  readonly clock: ClusterClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly events: EventSink;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly space: FileSpace;
  readonly emptyDirs: EmptyDirs;
  #files: NodeFiles | undefined;

  constructor(private readonly options: NodeVolumesOptions) {
    const { machine, disk, clock, space } = options;
    this.sources = options.sources;
    this.network = options.network;
    this.clock = clock;
    this.random = options.random;
    this.logger = options.logger;
    this.events = options.events;
    this.allocatable = machine.allocatable;
    this.space = space;
    this.emptyDirs = new EmptyDirs({
      space,
      now: () => clock.now(),
      memory: Number(Quantity.parse(machine.allocatable['memory'] ?? '0').value()),
      store: (folder) => this.#store(folder),
      folders: (folder) => disk.folders(folder),
      removeFolder: (folder) => disk.removeFolder(folder),
    });
  }

  evict(podUid: string, message: string): void {
    this.options.evict(podUid, message);
  }

  disk(): NodeFiles {
    const { machine, clock, space, containers } = this.options;
    this.#files ??= new NodeFiles({
      nodeName: machine.name,
      nodeIp: machine.ip,
      osImage: OS_IMAGE,
      now: () => clock.now(),
      space,
      store: (base) => this.#store('files', base),
      shown: { 'var/log/pods': () => podLogs(containers), 'var/log/containers': () => containerLinks(containers) },
    });
    return this.#files;
  }

  imageFiles(reference: string): DirectoryNode | undefined {
    const { images, clock } = this.options;
    const record = images.find(reference);
    return record && imageFiles(images.profile(record), clock.now());
  }

  /** Writes what is still to be written. */
  flush(): void {
    this.emptyDirs.flush();
    this.#files?.flush();
  }

  /** The machine lost power: nothing is written any more. */
  powerOff(): void {
    this.emptyDirs.close();
    this.#files?.close();
  }

  #store(folder: string, base?: DirectoryNode): TreeStore | undefined {
    const { disk, clock, logger } = this.options;
    if (!disk.keepsBytes) return undefined;
    return new TreeStore({ disk, folder, clock: clock.real, logger, ...(base === undefined ? {} : { base }) });
  }
}
