/**
 * sysctl: kernel parameters, which are /proc/sys's files (busybox procps/sysctl.c).
 */
import { isFileError } from '../../runtime/filesystem/file-error.ts';
import { decodeText } from '../../runtime/filesystem/nodes.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';

const ROOT = '/proc/sys';

export async function sysctl(process: ProcessContext): Promise<number> {
  const words = process.argv.slice(1);
  const flags = new Set(words.filter((word) => word.startsWith('-')).flatMap((word) => [...word.slice(1)]));
  const names = words.filter((word) => !word.startsWith('-'));
  const wanted = flags.has('a') ? allNames(process, ROOT) : names;
  let failures = 0;
  for (const name of wanted) if (!(await show(process, name, flags))) failures++;
  return failures === 0 ? 0 : 1;
}

async function show(process: ProcessContext, word: string, flags: ReadonlySet<string>): Promise<boolean> {
  const [name = '', value] = word.split('=');
  const path = `${ROOT}/${name.replaceAll('.', '/')}`;
  try {
    const text = decodeText(process.fileSystem().readFile(path)).trimEnd();
    if (value !== undefined) {
      await process.printError(`sysctl: error setting key '${name}': Read-only file system\n`);
      return false;
    }
    await process.print(flags.has('n') ? `${text}\n` : `${name.replaceAll('/', '.')} = ${text}\n`);
    return true;
  } catch (error) {
    if (!isFileError(error)) throw error;
    if (!flags.has('e')) await process.printError(`sysctl: error: '${path}' is an unknown key\n`);
    return false;
  }
}

function allNames(process: ProcessContext, directory: string): string[] {
  const files = process.fileSystem();
  return files.list(directory).flatMap((name) => {
    const path = `${directory}/${name}`;
    if (files.status(path).kind === 'directory') return allNames(process, path);
    return [path.slice(ROOT.length + 1).replaceAll('/', '.')];
  });
}
