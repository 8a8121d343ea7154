/**
 * Puts together what a machine gives to the volumes of its Pods.
 */
import { Quantity } from '@regatta/api';
import type { ClusterClock, Logger, Random } from '@regatta/runtime';
import type { EventSink } from '../api/ports.ts';
import type { NodeNetwork } from '../containers/network-files.ts';
import { imageFiles } from '../images/image-files.ts';
import { FileSpace } from '../runtime/filesystem/file-space.ts';
import type { ContainerFileSystem } from '../runtime/filesystem/file-system.ts';
import type { ImageStore } from '../runtime/image-store.ts';
import { nodeFiles } from '../storage/node-files.ts';
import { EmptyDirs } from '../volumes/empty-dirs.ts';
import type { VolumeSources } from '../volumes/volume-content.ts';
import type { VolumeHost } from '../volumes/volume-host.ts';
import type { Machine } from './machine.ts';
import { OS_IMAGE } from './node-status.ts';

export interface NodeVolumesOptions {
  readonly machine: Machine;
  readonly sources: VolumeSources;
  readonly network: NodeNetwork;
  readonly images: ImageStore;
  readonly clock: ClusterClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly events: EventSink;
  readonly space: FileSpace;
}

export function nodeVolumes(options: NodeVolumesOptions): VolumeHost {
  const { machine, clock, space, images } = options;
  const { allocatable } = machine;
  let files: ContainerFileSystem | undefined;
  const diskSpace = new FileSpace({ limit: space.limit, parent: space });
  const now = (): number => clock.now();
  return {
    ...options,
    allocatable,
    emptyDirs: new EmptyDirs({ space, now, memory: Number(Quantity.parse(allocatable['memory'] ?? '0').value()) }),
    disk: () => {
      files ??= nodeFiles({ nodeName: machine.name, nodeIp: machine.ip, osImage: OS_IMAGE, clock, space: diskSpace });
      return { files, space: diskSpace };
    },
    imageFiles: (reference) => {
      const record = images.find(reference);
      return record && imageFiles(images.profile(record), now());
    },
  };
}
