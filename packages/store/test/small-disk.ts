/**
 * A disk that is really full: a small tmpfs of its own. Only root may mount one; elsewhere the tests that need it are
 * skipped, and say so.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export class SmallDisk {
  private constructor(readonly path: string) {}

  /** @param path made when it is not there. @param size as mount(8) takes it, `6m` */
  static async mount(path: string, size: string): Promise<SmallDisk> {
    await mkdir(path, { recursive: true });
    await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'regatta-test', path]);
    return new SmallDisk(path);
  }

  async resize(size: string): Promise<void> {
    await run('mount', ['-o', `remount,size=${size}`, this.path]);
  }

  async unmount(): Promise<void> {
    await run('umount', ['--lazy', this.path]);
  }
}

/** Whether this process may mount disks. */
export async function canMount(): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return refused('only root on Linux can mount one');
  const path = await mkdtemp(join(tmpdir(), 'regatta-mount-'));
  try {
    await (await SmallDisk.mount(path, '1m')).unmount();
    return true;
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

function refused(why: string): false {
  process.stdout.write(`tests on a full disk are skipped: ${why}\n`);
  return false;
}
