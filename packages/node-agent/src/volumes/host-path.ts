/**
 * hostPath volumes: places on the emulated machine's disk (upstream: pkg/volume/hostpath/host_path.go). The disk of the
 * machine that runs this process can't be named.
 */
import type { HostPathVolumeSource } from '@regatta/api';
import { FileError } from '../runtime/filesystem/file-error.ts';
import type { ContainerFileSystem } from '../runtime/filesystem/file-system.ts';
import type { FsNode } from '../runtime/filesystem/nodes.ts';
import { VolumeError } from './volume-error.ts';

const DESCRIPTIONS = new Map([
  ['Directory', 'directory'],
  ['DirectoryOrCreate', 'directory'],
  ['File', 'file'],
  ['FileOrCreate', 'file'],
  ['Socket', 'socket file'],
  ['CharDevice', 'character device'],
  ['BlockDevice', 'block device'],
]);

const DIRECTORY_MODE = 0o755;

/** @throws VolumeError when what is there is not what was asked for */
export function openHostPath(host: ContainerFileSystem, { path, type = '' }: HostPathVolumeSource): FsNode {
  try {
    makeMissing(host, path, type);
    const node = host.ownNode(path);
    if (type !== '') checkType(node, path, type);
    return node;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new VolumeError(error.code === 'ENOENT' ? `hostPath ${path} doesn't exist` : goError(error, path));
  }
}

/** A place of no given type is made by the container runtime when it is not there. */
function makeMissing(host: ContainerFileSystem, path: string, type: string): void {
  if (host.exists(path)) return;
  if (type === '' || type === 'DirectoryOrCreate') host.makeDirectory(path, true, DIRECTORY_MODE);
  else if (type === 'FileOrCreate') host.writeFile(path, new Uint8Array(0), 0o644);
}

function checkType(node: FsNode, path: string, type: string): void {
  const description = DESCRIPTIONS.get(type);
  if (description === undefined) throw new VolumeError(`${type} is an invalid volume type`);
  const found = typeOf(node);
  if (found === type.replace('OrCreate', '')) return;
  throw new VolumeError(`hostPath type check failed: ${path} is not a ${description}, it's a ${found}`);
}

function typeOf(node: FsNode): string {
  if (node.kind === 'directory') return 'Directory';
  if (node.kind === 'device') return 'CharDevice';
  return node.kind === 'socket' ? 'Socket' : 'File';
}

function goError(error: FileError, path: string): string {
  return `${error.operation} ${path}: ${error.reason.toLowerCase()}`;
}
