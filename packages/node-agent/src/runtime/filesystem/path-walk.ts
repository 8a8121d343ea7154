/**
 * From a path to a node: directories are searched with the caller's rights, symbolic links followed, mounts crossed
 * (POSIX.1-2024, 4.16 Pathname Resolution).
 *
 * Invariants: nothing outside the root can be named; `..` is the parent of where a link led, not of the link; at most
 * MAX_LINKS links are followed.
 */
import { type Caller, EXECUTE, mayAccess } from './access.ts';
import { FileError } from './file-error.ts';
import type { MountPoint, MountTable } from './mounts.ts';
import type { DirectoryNode, FsNode } from './nodes.ts';

const MAX_LINKS = 40;
const LONGEST_PATH = 4096;
const LONGEST_NAME = 255;

/** A place in the tree: the node, if there is one, and where its name hangs. */
export interface Place {
  readonly node: FsNode | undefined;
  readonly parent: DirectoryNode;
  readonly name: string;
  readonly mount: MountPoint;
  /** The mount in which the name stands: another one than `mount` when something is mounted here. */
  readonly parentMount: MountPoint;
  /** The path with every link on the way resolved. */
  readonly path: string;
  readonly isMount: boolean;
}

export interface WalkRequest {
  readonly path: string;
  /** The system call, for errors. */
  readonly operation: string;
  readonly followLast: boolean;
  readonly caller: Caller;
}

interface Step {
  readonly node: DirectoryNode;
  readonly mount: MountPoint;
  readonly path: string;
}

/** The last name need not exist; everything before it must be a directory that the caller may search. */
export function walk(mounts: MountTable, request: WalkRequest): Place {
  return new Walk(mounts, request).run();
}

class Walk {
  readonly #way: Step[] = [];
  #rest: string[];
  #links = 0;
  #followLast: boolean;

  constructor(
    private readonly mounts: MountTable,
    private readonly request: WalkRequest,
  ) {
    const { path, followLast } = request;
    if (path === '') this.#fail('ENOENT');
    if (path.length > LONGEST_PATH) this.#fail('ENAMETOOLONG');
    this.#rest = path.split('/').filter((name) => name !== '' && name !== '.');
    // What ends with a slash names a directory, also through a link.
    this.#followLast = followLast || path.endsWith('/');
    this.#backToRoot();
  }

  run(): Place {
    let place = this.#rootPlace();
    for (let name = this.#rest.shift(); name !== undefined; name = this.#rest.shift()) {
      place = this.#enter(name);
    }
    const { path } = this.request;
    if (path.endsWith('/') && place.node !== undefined && place.node.kind !== 'directory') this.#fail('ENOTDIR');
    return place;
  }

  #enter(name: string): Place {
    const here = this.#here();
    if (!mayAccess(here.node, this.request.caller, EXECUTE)) this.#fail('EACCES');
    if (name === '..') return this.#up();
    if (name.length > LONGEST_NAME) this.#fail('ENAMETOOLONG');
    const place = this.#child(here, name);
    const { node } = place;
    const isLast = this.#rest.length === 0;
    if (node?.kind === 'symlink' && (!isLast || this.#followLast)) {
      if (node.leadsTo !== undefined && isLast) return { ...place, node: node.leadsTo };
      return this.#follow(node.targetFor(this.request.caller));
    }
    if (node?.kind === 'directory') this.#way.push({ node, mount: place.mount, path: place.path });
    else if (!isLast) this.#fail(node === undefined ? 'ENOENT' : 'ENOTDIR');
    return place;
  }

  #child(here: Step, name: string): Place {
    const path = here.path === '/' ? `/${name}` : `${here.path}/${name}`;
    const mounted = this.mounts.size > 1 ? this.mounts.at(path) : undefined;
    const node = mounted?.root ?? here.node.current().get(name);
    const mount = mounted ?? here.mount;
    return { node, parent: here.node, name, mount, parentMount: here.mount, path, isMount: mounted !== undefined };
  }

  #follow(target: string): Place {
    this.#links++;
    if (this.#links > MAX_LINKS) this.#fail('ELOOP');
    this.#rest = [...target.split('/').filter((name) => name !== '' && name !== '.'), ...this.#rest];
    if (target.startsWith('/')) this.#backToRoot();
    return this.#directoryPlace();
  }

  #up(): Place {
    if (this.#way.length > 1) this.#way.pop();
    return this.#directoryPlace();
  }

  #backToRoot(): void {
    const mount = this.mounts.root;
    if (mount.root.kind !== 'directory') this.#fail('ENOTDIR');
    else this.#way.splice(0, this.#way.length, { node: mount.root, mount, path: '/' });
  }

  #here(): Step {
    const here = this.#way.at(-1);
    return here ?? this.#fail('ENOENT');
  }

  /** Where the walk stands now, as a place of its own. */
  #directoryPlace(): Place {
    const here = this.#here();
    const above = this.#way.at(-2);
    if (above === undefined) return this.#rootPlace();
    const name = here.path.slice(here.path.lastIndexOf('/') + 1);
    return {
      node: here.node,
      parent: above.node,
      name,
      mount: here.mount,
      parentMount: above.mount,
      path: here.path,
      isMount: this.mounts.at(here.path) !== undefined,
    };
  }

  #rootPlace(): Place {
    const { node, mount } = this.#here();
    return { node, parent: node, name: '', mount, parentMount: mount, path: '/', isMount: true };
  }

  #fail(code: 'ENOENT' | 'ENOTDIR' | 'EACCES' | 'ELOOP' | 'ENAMETOOLONG'): never {
    throw new FileError(code, this.request.operation, this.request.path);
  }
}
