/**
 * Pathname expansion: the paths that a pattern matches, sorted by their bytes' order. A name that begins with a dot is
 * only matched by a pattern that does.
 */
import { hasPattern, Pattern } from './pattern.ts';

/** What is looked at. */
export interface Directories {
  /** Names in a directory; empty when it can't be read. */
  list(path: string): readonly string[];
  isDirectory(path: string): boolean;
  exists(path: string): boolean;
}

export interface GlobOptions {
  readonly extended: boolean;
  /** `**` goes down any number of directories. */
  readonly globstar: boolean;
  readonly dotglob: boolean;
}

/** Paths that one pattern may give. */
const MOST_PATHS = 100_000;

export function glob(pattern: string, directories: Directories, options: GlobOptions): readonly string[] {
  const absolute = pattern.startsWith('/');
  const parts = pattern.split('/').filter((part, i, all) => part !== '' || i === all.length - 1);
  let found: string[] = [absolute ? '/' : ''];
  for (const [i, part] of parts.entries()) {
    const last = i === parts.length - 1;
    found = found.flatMap((base) => step(base, part, last, directories, options));
    if (found.length > MOST_PATHS) return [];
  }
  return found.sort(compareBytes);
}

function step(base: string, part: string, last: boolean, directories: Directories, options: GlobOptions): string[] {
  if (part === '') return directories.isDirectory(base) ? [base.endsWith('/') ? base : base] : [];
  const suffix = last ? '' : '/';
  if (part === '**' && options.globstar) return deep(base, last, directories);
  if (!hasPattern(part, options.extended)) {
    const path = base + part.replace(/\\(.)/gs, '$1');
    if (last ? !directories.exists(path) : !directories.isDirectory(path)) return [];
    return [path + suffix];
  }
  const compiled = new Pattern(part, options.extended);
  const wantsDots = part.startsWith('.') || part.startsWith('\\.');
  return directories
    .list(base === '' ? '.' : base)
    .filter((name) => (wantsDots || options.dotglob || !name.startsWith('.')) && compiled.matches(name))
    .map((name) => base + name)
    .filter((path) => last || directories.isDirectory(path))
    .map((path) => path + suffix);
}

function deep(base: string, last: boolean, directories: Directories): string[] {
  const paths: string[] = last ? [] : [base];
  for (const name of directories.list(base === '' ? '.' : base)) {
    if (name.startsWith('.') || paths.length > MOST_PATHS) continue;
    const path = base + name;
    const isDirectory = directories.isDirectory(path);
    if (last) paths.push(path);
    if (isDirectory) paths.push(...deep(`${path}/`, last, directories));
  }
  return paths;
}

function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
