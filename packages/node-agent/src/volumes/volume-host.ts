/**
 * What the volumes of all Pods of a machine need of it: its disk, its part of the API, its room for files.
 */
import type { ClusterClock, Logger, Random } from '@regatta/runtime';
import type { EventSink } from '../api/ports.ts';
import type { NodeNetwork } from '../containers/network-files.ts';
import type { FileSpace } from '../runtime/filesystem/file-space.ts';
import type { ContainerFileSystem } from '../runtime/filesystem/file-system.ts';
import type { DirectoryNode } from '../runtime/filesystem/nodes.ts';
import type { EmptyDirs } from './empty-dirs.ts';
import type { VolumeSources } from './volume-content.ts';

export interface VolumeHost {
  readonly sources: VolumeSources;
  readonly network: NodeNetwork;
  readonly clock: ClusterClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly events: EventSink;
  readonly allocatable: Readonly<Record<string, string>>;
  /** Everything that the machine's files hold. */
  readonly space: FileSpace;
  readonly emptyDirs: EmptyDirs;
  /** A Pod keeps more than it may. */
  evict(podUid: string, message: string): void;
  /** The machine's own files, made when they are first asked for. */
  disk(): { readonly files: ContainerFileSystem; readonly space: FileSpace };
  /** The files of an image that is on the machine. */
  imageFiles(reference: string): DirectoryNode | undefined;
}
