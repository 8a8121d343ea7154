/**
 * Paths with everything below them, for -R.
 */
import { isFileError } from '../../runtime/filesystem/file-error.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { absolute } from '../support/applet.ts';

/** Paths that one walk gives at most. */
const MOST_PATHS = 100_000;

export function withBelow(process: ProcessContext, paths: readonly string[], recursive: boolean): readonly string[] {
  if (!recursive) return paths;
  const files = process.fileSystem();
  const found: string[] = [];
  const walk = (path: string): void => {
    if (found.length >= MOST_PATHS) return;
    found.push(path);
    try {
      if (files.status(absolute(process, path), false).kind !== 'directory') return;
      for (const name of files.list(absolute(process, path))) walk(`${path.replace(/(.)\/$/, '$1')}/${name}`);
    } catch (error) {
      // Whoever uses the path says what is wrong with it.
      if (!isFileError(error)) throw error;
    }
  };
  for (const path of paths) walk(path);
  return found;
}
