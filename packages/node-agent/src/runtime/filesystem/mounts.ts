/**
 * What is mounted where in one container. Mounts belong to the container and not to the trees, so that a volume which
 * several containers share shows none of them what another has mounted into it.
 */
import type { FileSpace } from './file-space.ts';
import type { FsNode } from './nodes.ts';

export interface MountPoint {
  /** Where, without symbolic links. */
  readonly path: string;
  readonly root: FsNode;
  readonly readOnly: boolean;
  readonly space: FileSpace;
  /** As /proc/mounts names them: overlay, tmpfs, ext4 … */
  readonly device: string;
  readonly type: string;
  readonly options: string;
}

export class MountTable {
  readonly #mounts = new Map<string, MountPoint>();
  #root: MountPoint;

  constructor(root: MountPoint) {
    this.#root = root;
    this.#mounts.set('/', root);
  }

  get root(): MountPoint {
    return this.#root;
  }

  at(path: string): MountPoint | undefined {
    return this.#mounts.get(path);
  }

  add(mount: MountPoint): void {
    if (mount.path === '/') this.#root = mount;
    else this.#mounts.delete(mount.path);
    this.#mounts.set(mount.path, mount);
  }

  get size(): number {
    return this.#mounts.size;
  }

  list(): readonly MountPoint[] {
    return [...this.#mounts.values()];
  }

  /** Whether something is mounted at a path or below it. */
  isBusy(path: string): boolean {
    for (const mounted of this.#mounts.keys()) if (mounted === path || mounted.startsWith(`${path}/`)) return true;
    return false;
  }

  /** Names that mounts add to a directory. */
  namesIn(directory: string): string[] {
    const prefix = directory === '/' ? '/' : `${directory}/`;
    return [...this.#mounts.keys()]
      .filter((path) => path !== '/' && path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
      .map((path) => path.slice(prefix.length));
  }

  /** /proc/mounts */
  format(): string {
    return this.list()
      .map(({ device, path, type, readOnly, options }) => {
        const flags = `${readOnly ? 'ro' : 'rw'},${options}`;
        return `${device} ${path.replaceAll(' ', '\\040')} ${type} ${flags} 0 0\n`;
      })
      .join('');
  }
}
