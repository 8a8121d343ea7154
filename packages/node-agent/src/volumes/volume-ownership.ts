/**
 * Who a Pod's volumes belong to (upstream: pkg/volume/volume_linux.go, SetVolumeOwnership): with an fsGroup the files go to
 * that group, which may read them, and write them where the volume can be written.
 */
import type { Pod } from '@regatta/api';
import type { FsNode } from '../runtime/filesystem/nodes.ts';

export interface VolumeOwnership {
  readonly fsGroup: number | undefined;
  /** The volume is for reading only (ConfigMaps, Secrets). */
  readonly readOnly: boolean;
}

const GROUP_READS_WRITES = 0o660;
const GROUP_READS = 0o440;
const DIRECTORY_BITS = 0o2110;

export function applyOwnership(node: FsNode, ownership: VolumeOwnership): void {
  const { fsGroup, readOnly } = ownership;
  if (fsGroup === undefined) return;
  node.gid = fsGroup;
  if (node.kind === 'symlink') return;
  node.mode |= readOnly ? GROUP_READS : GROUP_READS_WRITES;
  if (node.kind !== 'directory') return;
  node.mode |= DIRECTORY_BITS;
  for (const child of node.entries.values()) applyOwnership(child, ownership);
}

export function fsGroupOf(pod: Pod): number | undefined {
  return pod.spec.securityContext?.fsGroup;
}

/** The user that all containers of a Pod run as, if it is one (upstream: pkg/volume/util/util.go, FsUserFrom). */
export function fsUserOf(pod: Pod): number | undefined {
  const { containers, initContainers = [], securityContext } = pod.spec;
  const users = new Set(
    [...initContainers, ...containers].map((c) => c.securityContext?.runAsUser ?? securityContext?.runAsUser),
  );
  const [user] = users;
  return users.size === 1 ? user : undefined;
}
