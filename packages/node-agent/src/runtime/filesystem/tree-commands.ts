/**
 * What takes more than one system call: copying, moving and removing whole trees.
 */
import { FileError, isFileError } from './file-error.ts';
import type { ContainerFileSystem } from './file-system.ts';

export interface RemoveOptions {
  readonly recursive?: boolean;
  /** What is not there is no error. */
  readonly force?: boolean;
}

/** Links are copied as links, unless a link itself is what is to be copied. The copies belong to the caller. */
export function copyTree(files: ContainerFileSystem, from: string, to: string, recursive: boolean): void {
  const node = files.node(from, !recursive);
  if (node.kind === 'symlink') return files.symlink(node.target, to);
  if (node.kind !== 'directory') return files.writeFile(to, files.readFile(from), node.mode & 0o777);
  if (!recursive) throw new FileError('EISDIR', 'cp', from);
  const source = files.realPath(from);
  if (!files.exists(to)) files.makeDirectory(to, false, node.mode & 0o777);
  const target = files.realPath(to);
  if (target === source || target.startsWith(`${source}/`)) throw new FileError('EINVAL', 'cp', from);
  for (const name of files.list(from)) copyTree(files, `${from}/${name}`, `${to}/${name}`, true);
}

export function moveTree(files: ContainerFileSystem, from: string, to: string): void {
  try {
    files.rename(from, to);
  } catch (error) {
    if (!isFileError(error, 'EXDEV')) throw error;
    copyTree(files, from, to, true);
    removeTree(files, from, { recursive: true });
  }
}

export function removeTree(files: ContainerFileSystem, path: string, options: RemoveOptions): void {
  const { recursive = false, force = false } = options;
  let isDirectory: boolean;
  try {
    isDirectory = files.node(path, false).kind === 'directory';
  } catch (error) {
    if (force && isFileError(error, 'ENOENT')) return;
    throw error;
  }
  if (!isDirectory) return files.unlink(path);
  if (recursive) {
    files.checkRemovable(path);
    for (const name of files.list(path)) removeTree(files, `${path}/${name}`, options);
  }
  files.removeDirectory(path);
}
