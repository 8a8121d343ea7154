/**
 * A directory whose files change all at once (upstream: pkg/volume/util/atomic_writer.go).
 *
 * What users see are links into `..data`, a link to a directory that is named for the instant it was written at:
 * `user/labels` is found through `user -> ..data/user` and `..data -> ..2026_01_02_03_04_05.123456789`. An update writes a
 * new such directory and turns `..data` to it, so that a reader sees old files or new ones and never a mixture.
 */
import { type DirectoryNode, directoryNode, fileNode, placeNode, symlinkNode } from '../runtime/filesystem/nodes.ts';
import { applyOwnership, type VolumeOwnership } from './volume-ownership.ts';

export interface VolumeFile {
  /** Relative, with `/` between its names. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly mode: number;
  /** The user it belongs to; root's where left out. */
  readonly uid?: number;
}

const DATA = '..data';
const DIGITS = 1e9;

export class AtomicVolume {
  readonly root: DirectoryNode;
  #files: ReadonlyMap<string, VolumeFile> | undefined;

  constructor(
    mode: number,
    now: number,
    private readonly ownership: VolumeOwnership,
  ) {
    this.root = directoryNode(mode, now);
    applyOwnership(this.root, ownership);
  }

  /** Whether anything was written yet. */
  get isFilled(): boolean {
    return this.#files !== undefined;
  }

  /**
   * Replaces what is there, unless it is the same. Of files with the same path the last one counts.
   * @param fraction a number from 0 to 1 that tells two directories of the same second apart
   */
  write(files: readonly VolumeFile[], now: number, fraction: number): void {
    const next = new Map(files.map((file) => [cleanPath(file.path), file]));
    if (this.#files !== undefined && isSame(this.#files, next)) return;
    const { entries } = this.root;
    const before = entries.get(DATA);
    const name = timestamp(now, fraction);
    const directory = directoryNode(0o755, now);
    for (const [path, { content, mode, uid = 0 }] of next) {
      placeNode(directory, path, fileNode(content, mode, now, { uid, gid: 0 }));
    }
    applyOwnership(directory, this.ownership);
    entries.set(name, directory);
    const visible = new Set([...next.keys()].map((path) => path.split('/', 1)[0] ?? path));
    for (const top of visible) if (!entries.has(top)) entries.set(top, symlinkNode(`${DATA}/${top}`, now));
    entries.set(DATA, symlinkNode(name, now));
    for (const top of [...entries.keys()]) if (!top.startsWith('..') && !visible.has(top)) entries.delete(top);
    if (before?.kind === 'symlink') entries.delete(before.target);
    this.root.modified = now;
    this.#files = next;
  }
}

function isSame(a: ReadonlyMap<string, VolumeFile>, b: ReadonlyMap<string, VolumeFile>): boolean {
  if (a.size !== b.size) return false;
  for (const [path, file] of b) {
    const other = a.get(path);
    if (other === undefined || other.mode !== file.mode || other.uid !== file.uid) return false;
    if (Buffer.compare(other.content, file.content) !== 0) return false;
  }
  return true;
}

function cleanPath(path: string): string {
  return path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .join('/');
}

/** ..2026_01_02_03_04_05.123456789 */
function timestamp(now: number, fraction: number): string {
  const text = new Date(now).toISOString();
  return `..${text.slice(0, 19).replace(/[-T:]/g, '_')}.${Math.floor(fraction * DIGITS)}`;
}
