/**
 * Loads images of one's own from a folder of the host: each subfolder is one, with an image.yaml (data) or an image.mjs
 * (a program of the host, trusted as such) in it.
 *
 * Invariants: nothing is loaded when anything is wrong, and all that is wrong is said at once; symbolic links are not
 * followed, so that data reaches nothing beside its folder.
 */
import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse, YAMLParseError } from 'yaml';
import { defineImage, type ImageFacts } from '../define-image.ts';
import type { ImageProfile } from '../image-profile.ts';
import { DocumentProblems } from './document-reader.ts';
import { readImageDocument } from './image-document.ts';
import { exactly, type OwnFile, ownImage, repositoriesOf } from './own-image.ts';

export const MOST_IMAGES = 500;
/** Bytes of an image.yaml, and of all files of one image. */
export const LONGEST_DOCUMENT = 1024 * 1024;
export const LARGEST_IMAGE = 16 * 1024 * 1024;
const DEEPEST_FOLDER = 32;

export class ImageFolderError extends Error {
  readonly code = 'image-folder';

  constructor(readonly problems: readonly string[]) {
    super(`images of one's own cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ImageFolderError';
  }
}

/** @throws ImageFolderError */
export async function loadImages(folder: string): Promise<readonly ImageProfile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: Error) => {
    throw new ImageFolderError([`${folder}: ${error.message}`]);
  });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  if (names.length > MOST_IMAGES) throw new ImageFolderError([`${folder}: more than ${MOST_IMAGES} images`]);
  const problems: string[] = [];
  const profiles: ImageProfile[] = [];
  for (const name of names.sort()) {
    const found = await loadImage(path.join(folder, name), problems);
    if (found !== undefined) profiles.push(found);
  }
  problems.push(...namedTwice(profiles));
  if (problems.length > 0) throw new ImageFolderError(problems);
  return profiles;
}

function namedTwice(profiles: readonly ImageProfile[]): string[] {
  const names = profiles.flatMap(({ repositories }) => repositories);
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))].map(
    (name) => `${name}: two images have this name`,
  );
}

async function loadImage(folder: string, problems: string[]): Promise<ImageProfile | undefined> {
  const [document, module] = ['image.yaml', 'image.mjs'].map((name) => path.join(folder, name));
  if (document === undefined || module === undefined) return undefined;
  const hasDocument = await isFile(document);
  const hasModule = await isFile(module);
  if (hasDocument && hasModule) problems.push(`${folder}: has both image.yaml and image.mjs; one of them is the image`);
  else if (hasDocument) return loadDocument(folder, document, problems);
  else if (hasModule) return loadModule(module, problems);
  else problems.push(`${folder}: has no image.yaml and no image.mjs`);
  return undefined;
}

async function isFile(file: string): Promise<boolean> {
  return lstat(file).then(
    (status) => status.isFile(),
    () => false,
  );
}

async function loadDocument(folder: string, file: string, problems: string[]): Promise<ImageProfile | undefined> {
  const found = new DocumentProblems();
  const text = await readFile(file, 'utf8');
  if (text.length > LONGEST_DOCUMENT) found.add('', `is longer than ${LONGEST_DOCUMENT} bytes`);
  const value = found.all.length === 0 ? parsed(text, found) : undefined;
  const document = found.all.length === 0 ? readImageDocument(value, found) : undefined;
  const files = await readFiles(path.join(folder, 'files'), found);
  problems.push(...found.all.map((problem) => `${file}: ${problem}`));
  return found.all.length === 0 && document !== undefined ? ownImage(document, files) : undefined;
}

function parsed(text: string, problems: DocumentProblems): unknown {
  try {
    return parse(text, { maxAliasCount: 100 });
  } catch (error) {
    if (!(error instanceof YAMLParseError || error instanceof ReferenceError)) throw error;
    problems.add('', error.message.split('\n')[0] ?? 'is no YAML');
    return {};
  }
}

/** Everything below a folder, which need not be there. */
async function readFiles(folder: string, problems: DocumentProblems): Promise<OwnFile[]> {
  const files: OwnFile[] = [];
  let size = 0;
  const walk = async (at: string, inside: string, depth: number): Promise<void> => {
    if (depth > DEEPEST_FOLDER) return problems.add('files', `${inside} is too deep`);
    const entries = await readdir(at, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const [real, own] = [path.join(at, entry.name), `${inside}/${entry.name}`];
      if (entry.isDirectory()) await walk(real, own, depth + 1);
      else if (entry.isFile()) {
        const { mode, size: bytes } = await lstat(real);
        size += bytes;
        if (size > LARGEST_IMAGE) return problems.add('files', `are larger than ${LARGEST_IMAGE} bytes`);
        files.push({ path: own, content: await readFile(real), mode: mode & 0o777 });
      } else problems.add('files', `${own} is neither a file nor a folder`);
    }
  };
  await walk(folder, '', 0);
  return files;
}

/** What an image.mjs exports by default: what defineImage takes, tags as a list. */
export interface ImageModule extends Omit<ImageFacts, 'tags'> {
  readonly tags?: readonly string[];
}

async function loadModule(file: string, problems: string[]): Promise<ImageProfile | undefined> {
  try {
    const { default: facts } = (await import(pathToFileURL(file).href)) as { default?: unknown };
    if (!isImageModule(facts)) {
      problems.push(
        `${file}: exports by default no object with \`repositories\`, a list of names, and \`size\`, bytes`,
      );
      return undefined;
    }
    const { tags, ...rest } = facts;
    const repositories = repositoriesOf(facts.repositories);
    return defineImage({ ...rest, repositories, ...(tags === undefined ? {} : { tags: exactly(tags) }) });
  } catch (error) {
    problems.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function isImageModule(value: unknown): value is ImageModule {
  if (typeof value !== 'object' || value === null || !('repositories' in value) || !('size' in value)) return false;
  const { repositories, size } = value;
  const isNames =
    Array.isArray(repositories) && repositories.length > 0 && repositories.every((name) => typeof name === 'string');
  return isNames && (typeof size === 'number' || typeof size === 'function');
}
