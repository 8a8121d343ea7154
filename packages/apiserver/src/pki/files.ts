/**
 * Files that hold secrets: written whole or not at all, readable by their owner only.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Makes the folder (0700) and its parents. */
export async function ensurePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** The file's text, or undefined when it does not exist. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Replaces a file (mode 0600) so that a crash leaves the old one or the new one, never a part. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeDurably(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Whether there is nothing at that path, or a folder with nothing in it. */
export async function isEmptyFolder(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length === 0;
  } catch (error) {
    if (isMissing(error)) return true;
    throw error;
  }
}

/**
 * Makes a whole folder appear at once: its files are written beside it, then it is renamed. What an earlier try left
 * behind when its process was killed is removed.
 */
export async function createFolder(path: string, files: Readonly<Record<string, string>>): Promise<void> {
  await removeLeftovers(path);
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  await ensurePrivateFolder(temporary);
  try {
    await Promise.all(Object.entries(files).map(([name, text]) => writeDurably(join(temporary, name), text)));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true, recursive: true });
    throw error;
  }
}

async function removeLeftovers(path: string): Promise<void> {
  const [parent, prefix] = [dirname(path), `${basename(path)}.`];
  await ensurePrivateFolder(parent);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix) || !name.endsWith('.tmp')) continue;
    await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
