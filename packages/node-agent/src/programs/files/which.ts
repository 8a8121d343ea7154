/**
 * `which`
 */
import { isFileError } from '../../runtime/filesystem/file-error.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { absolute, applet } from '../support/applet.ts';
import { parseOptions } from '../support/command-line.ts';

export const which = applet(async (process, args) => {
  const line = parseOptions(args, { flags: 'as' });
  let status = 0;
  for (const name of line.operands) {
    const place = placeOf(process, name);
    if (place === undefined) status = 1;
    else await process.print(`${place}\n`);
  }
  return status;
});

function placeOf(process: ProcessContext, name: string): string | undefined {
  const path = process.env.get('PATH') ?? '';
  const places = name.includes('/') ? [name] : path.split(':').map((directory) => `${directory}/${name}`);
  const found = places.find((place) => isProgram(process, absolute(process, place)));
  if (found !== undefined) return found;
  return !name.includes('/') && process.findProgram(name, path) !== undefined ? `/bin/${name}` : undefined;
}

function isProgram(process: ProcessContext, path: string): boolean {
  const files = process.fileSystem();
  try {
    return files.status(path).kind === 'file' && files.mayExecute(path);
  } catch (error) {
    if (isFileError(error)) return false;
    throw error;
  }
}
