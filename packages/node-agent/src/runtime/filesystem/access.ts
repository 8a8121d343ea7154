/**
 * Who may do what to a file: owner, group, others, and root, who may nearly everything.
 */
import type { FileMemory } from './file-space.ts';
import type { FsNode, Owner } from './nodes.ts';

/** Who makes a system call. */
export interface Caller extends Owner {
  readonly groups: readonly number[];
  readonly umask: number;
  /** What files on memory are charged to. */
  readonly memory?: FileMemory;
  /** Its process, which /proc/self means. */
  readonly pid?: number;
}

export const ROOT_CALLER: Caller = { uid: 0, gid: 0, groups: [], umask: 0o022 };

export const READ = 4;
export const WRITE = 2;
export const EXECUTE = 1;

const SETGID = 0o2000;
const STICKY = 0o1000;

export function mayAccess(node: FsNode, caller: Caller, wanted: number): boolean {
  if (caller.uid === 0) {
    return (wanted & EXECUTE) === 0 || node.kind === 'directory' || (node.mode & 0o111) !== 0;
  }
  const bits = node.uid === caller.uid ? node.mode >> 6 : isInGroup(caller, node.gid) ? node.mode >> 3 : node.mode;
  return (bits & wanted) === wanted;
}

export function isInGroup(caller: Caller, gid: number): boolean {
  return caller.gid === gid || caller.groups.includes(gid);
}

export function isOwner(node: Owner, caller: Caller): boolean {
  return caller.uid === 0 || caller.uid === node.uid;
}

/** In a sticky directory such as /tmp a file is removed by its owner alone. */
export function mayRemove(directory: FsNode, node: FsNode, caller: Caller): boolean {
  return (directory.mode & STICKY) === 0 || isOwner(node, caller) || isOwner(directory, caller);
}

/** Who owns what is made in a directory: a setgid directory hands its group on. */
export function ownerIn(directory: FsNode, caller: Caller): Owner {
  return { uid: caller.uid, gid: (directory.mode & SETGID) !== 0 ? directory.gid : caller.gid };
}

/** The mode of a new directory: setgid goes on to it. */
export function directoryModeIn(directory: FsNode, mode: number, caller: Caller): number {
  return (mode & ~caller.umask) | (directory.mode & SETGID);
}
