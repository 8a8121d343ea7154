/**
 * Names of users and groups by the container's /etc/passwd and /etc/group; numbers where there is none.
 */
import { decodeText } from '../../runtime/filesystem/nodes.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';

export class UserNames {
  readonly #users: ReadonlyMap<number, string>;
  readonly #groups: ReadonlyMap<number, string>;

  constructor(process: ProcessContext) {
    this.#users = readNames(process, '/etc/passwd');
    this.#groups = readNames(process, '/etc/group');
  }

  user(uid: number): string {
    return this.#users.get(uid) ?? String(uid);
  }

  group(gid: number): string {
    return this.#groups.get(gid) ?? String(gid);
  }
}

function readNames(process: ProcessContext, path: string): ReadonlyMap<number, string> {
  const files = process.fileSystem();
  if (!files.exists(path)) return new Map();
  const rows = decodeText(files.readFile(path))
    .split('\n')
    .map((line) => line.split(':'));
  return new Map(rows.flatMap(([name = '', , id]) => (id === undefined ? [] : [[Number(id), name] as const])));
}
