/**
 * agnhost mounttest: writes files and tells of files' types, modes, owners and contents
 * (upstream: test/images/agnhost/mounttest).
 */
import { FileError } from '../../runtime/filesystem/file-error.ts';
import type { FileStatus } from '../../runtime/filesystem/file-status.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { type Flags, parseFlags } from './flags.ts';

const INITIAL_CONTENT = 'mount-tester new file\n';
const POLL_MS = 2_000;
const DEFAULT_RETRY_S = 180;

/** statfs(2)'s f_type. */
const MAGIC: Readonly<Record<string, number>> = { ext4: 0xef53, overlay: 0x794c7630, proc: 0x9fa0, xfs: 0x58465342 };

export async function mounttest(process: ProcessContext): Promise<number> {
  await process.prepareFiles();
  const flags = parseFlags(process.argv.slice(2), { switches: ['break_on_expected_content'] });
  process.umask = 0;
  const test = new MountTest(process);
  test.tell(
    'fs_type',
    flags,
    (path) => test.fsType(path),
    (path) => `error from statfs("${path}")`,
  );
  for (const mode of [0o644, 0o666, 0o660, 0o777]) {
    const name = `new_file_0${mode.toString(8)}`;
    test.tell(
      name,
      flags,
      (path) => test.write(path, mode),
      (path) => `error writing new file "${path}"`,
    );
  }
  const stat = (path: string): string => `error from Stat("${path}")`;
  test.tell('file_mode', flags, (path) => test.mode(path), stat);
  test.tell('file_perm', flags, (path) => test.permissions(path), stat);
  test.tell(
    'file_owner',
    flags,
    (path) => test.owner(path),
    (path) => `error from stat("${path}")`,
  );
  test.tell(
    'file_content',
    flags,
    (path) => test.content(path),
    (path) => `error reading file content for "${path}"`,
  );
  await test.poll(flags);
  return test.failed ? 1 : 0;
}

class MountTest {
  failed = false;

  constructor(private readonly process: ProcessContext) {}

  /** Does what a flag asks for its path, if it was given. */
  tell(flag: string, flags: Flags, act: (path: string) => string, trouble: (path: string) => string): void {
    const path = flags.text(flag, '');
    if (path === '') return;
    try {
      this.process.write('stdout', act(path));
    } catch (error) {
      this.failed = true;
      this.process.write('stdout', `${trouble(path)}: ${this.#reason(error)}\n`);
    }
  }

  /** Go's way to tell a failed system call. */
  #reason(error: unknown): string {
    if (!(error instanceof FileError)) throw error;
    return `${error.operation} ${error.path}: ${error.reason.toLowerCase()}`;
  }

  #status(path: string): FileStatus {
    return this.process.fileSystem().status(path);
  }

  fsType(path: string): string {
    const { type } = this.process.fileSystem().fileSystemStatus(path);
    return `mount type of "${path}": ${type === 'tmpfs' ? type : (MAGIC[type] ?? MAGIC['ext4'])}\n`;
  }

  write(path: string, mode: number): string {
    this.process.fileSystem().writeFile(path, Buffer.from(INITIAL_CONTENT), mode);
    return this.content(path);
  }

  content(path: string): string {
    return `content of file "${path}": ${Buffer.from(this.process.fileSystem().readFile(path)).toString()}\n`;
  }

  mode(path: string): string {
    const { kind, mode } = this.#status(path);
    const special = [
      [0o4000, 'u'],
      [0o2000, 'g'],
      [0o1000, 't'],
    ] as const;
    const flags = special.map(([bit, letter]) => (mode & bit ? letter : '')).join('');
    const prefix = `${kind === 'directory' ? 'd' : ''}${flags}`;
    return `mode of file "${path}": ${prefix === '' ? '-' : prefix}${bits(mode)}\n`;
  }

  permissions(path: string): string {
    return `perms of file "${path}": -${bits(this.#status(path).mode)}\n`;
  }

  owner(path: string): string {
    const { uid, gid } = this.#status(path);
    return `owner UID of "${path}": ${uid}\nowner GID of "${path}": ${gid}\n`;
  }

  /** Shows a file until it has the expected content, or for as long as it is told to. */
  async poll(flags: Flags): Promise<void> {
    const path = flags.text('file_content_in_loop', '');
    if (path === '') return;
    const { clock } = this.process;
    const startedAt = clock.now();
    const limit = flags.number('retry_time', DEFAULT_RETRY_S) * 1000;
    while (clock.elapsed(startedAt) < limit) {
      const isDone = this.#look(path, flags.isSet('break_on_expected_content', true));
      if (isDone) return;
      await this.process.sleep(POLL_MS);
    }
  }

  #look(path: string, breaks: boolean): boolean {
    try {
      const text = this.content(path);
      this.process.write('stdout', text);
      if (!breaks) return false;
      if (text === `content of file "${path}": ${INITIAL_CONTENT}\n`) return true;
      this.process.write('stdout', `Unexpected content. Expected: ${INITIAL_CONTENT}. Retrying`);
    } catch (error) {
      this.process.write('stdout', `Error reading file ${path}: ${this.#reason(error)}, retrying\n`);
    }
    return false;
  }
}

function bits(mode: number): string {
  return [...'rwxrwxrwx'].map((letter, i) => (mode & (1 << (8 - i)) ? letter : '-')).join('');
}
