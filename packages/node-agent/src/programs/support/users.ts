/**
 * Names of users and groups, from the container's /etc/passwd and /etc/group.
 */
import type { ProcessContext } from '../../runtime/process/process-context.ts';

function rows(process: ProcessContext, path: string): readonly (readonly string[])[] {
  const files = process.fileSystem();
  if (!files.exists(path)) return [];
  return new TextDecoder()
    .decode(files.readFile(path))
    .split('\n')
    .map((line) => line.split(':'));
}

export function userName(process: ProcessContext, uid: number): string | undefined {
  return rows(process, '/etc/passwd').find((row) => row[2] === String(uid))?.[0];
}

export function groupName(process: ProcessContext, gid: number): string | undefined {
  return rows(process, '/etc/group').find((row) => row[2] === String(gid))?.[0];
}

/** The number of a name, or of a number as text. */
export function uidOf(process: ProcessContext, text: string): number | undefined {
  if (/^[0-9]+$/.test(text)) return Number(text);
  const number = rows(process, '/etc/passwd').find((row) => row[0] === text)?.[2];
  return number === undefined ? undefined : Number(number);
}

export function gidOf(process: ProcessContext, text: string): number | undefined {
  if (/^[0-9]+$/.test(text)) return Number(text);
  const number = rows(process, '/etc/group').find((row) => row[0] === text)?.[2];
  return number === undefined ? undefined : Number(number);
}
