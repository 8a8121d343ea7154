/**
 * A part of a volume in the place of the whole (upstream: pkg/kubelet/kubelet_pods.go, makeMounts; pkg/volume/util/subpath).
 * The part is looked up once, when the container starts: what it names then stays mounted, so that files of ConfigMaps
 * that are mounted this way never change.
 */
import type { VolumeMount } from '@regatta/api';
import { expand } from '../containers/expansion.ts';
import { StartError } from '../containers/start-error.ts';
import { ROOT_CALLER } from '../runtime/filesystem/access.ts';
import { FileError } from '../runtime/filesystem/file-error.ts';
import type { FileSpace } from '../runtime/filesystem/file-space.ts';
import { ContainerFileSystem } from '../runtime/filesystem/file-system.ts';
import type { DirectoryNode, FsNode } from '../runtime/filesystem/nodes.ts';

const CONFIG_ERROR = 'CreateContainerConfigError';

/** The path within the volume; empty for all of it. @throws StartError */
export function subPathOf(mount: VolumeMount, variables: ReadonlyMap<string, string>): string {
  const path = mount.subPathExpr ? expandPath(mount.subPathExpr, variables) : (mount.subPath ?? '');
  if (path.startsWith('/'))
    throw new StartError(CONFIG_ERROR, `error SubPath \`${path}\` must not be an absolute path`);
  if (path.split('/').includes('..'))
    throw new StartError(CONFIG_ERROR, `unable to provision SubPath \`${path}\`: must not contain '..'`);
  return path;
}

function expandPath(expression: string, variables: ReadonlyMap<string, string>): string {
  const missing = new Set<string>();
  const path = expand(expression, (name) => {
    const value = variables.get(name);
    if (!value) missing.add(name);
    return value ?? '';
  });
  if (missing.size > 0) throw new StartError(CONFIG_ERROR, `missing value for ${[...missing].sort().join(', ')}`);
  return path;
}

export interface SubPathRequest {
  readonly volume: DirectoryNode;
  readonly path: string;
  readonly space: FileSpace;
  readonly now: () => number;
  readonly mountName: string;
  readonly containerName: string;
}

/** Finds the part, or makes it as a directory with the volume's mode. Links never lead out of the volume. */
export function findSubPath(request: SubPathRequest): FsNode {
  const { volume, path, space, now, mountName, containerName } = request;
  const where = `subPath for volumeMount "${mountName}" of container "${containerName}"`;
  const files = new ContainerFileSystem(volume, now, space, { ...ROOT_CALLER, umask: 0 });
  try {
    if (!volume.frozen && !files.exists(`/${path}`)) files.makeDirectory(`/${path}`, true, volume.mode & 0o777);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const what = where.replace('subPath', 'subPath directory');
    throw new StartError(CONFIG_ERROR, `failed to create ${what}`);
  }
  try {
    return volume.frozen ? files.node(`/${path}`) : files.ownNode(`/${path}`);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new StartError(CONFIG_ERROR, `failed to prepare ${where}`);
  }
}
