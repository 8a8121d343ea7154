/**
 * tar: create, extract and list archives, plain or with gzip, from and to files, standard input and output. Streams: what
 * `kubectl cp` sends is never in memory as a whole. Words and exit codes are busybox's.
 */
import { Readable } from 'node:stream';
import { createGunzip, createGzip, type Gzip } from 'node:zlib';
import { FileError } from '../../runtime/filesystem/file-error.ts';
import { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import type { OpenFile } from '../../runtime/process/open-file.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { UsageError } from '../support/command-line.ts';
import { ByteSource } from './byte-source.ts';
import { createTar } from './tar-create.ts';
import { TarError } from './tar-entry.ts';
import { extractTar } from './tar-extract.ts';
import { type TarOptions, tarOptions } from './tar-options.ts';

const USAGE =
  'Usage: tar c|x|t [-zvOmhkpo] [-f TARFILE] [-C DIR] [--exclude PATTERN] [FILE]...\n\n' +
  'Create, extract, or list files from a tar file\n';
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

export async function tar(process: ProcessContext): Promise<number> {
  try {
    const args = process.argv.slice(1);
    if (args.includes('--help')) {
      await process.printError(USAGE);
      return 0;
    }
    return await run(process, tarOptions(args));
  } catch (error) {
    const why = wordsOf(error);
    if (why === undefined) throw error;
    await process.printError(`tar: ${why}\n${error instanceof UsageError ? USAGE : ''}`);
    return 1;
  }
}

function wordsOf(error: unknown): string | undefined {
  if (error instanceof FileError) return `can't open '${error.path}': ${error.reason}`;
  return error instanceof TarError || error instanceof UsageError ? error.message : undefined;
}

async function run(process: ProcessContext, options: TarOptions): Promise<number> {
  const { cwd } = process;
  const directory = options.directory === undefined ? cwd : ContainerFileSystem.resolve(cwd, options.directory);
  const files = process.fileSystem();
  if (!files.exists(directory) || files.status(directory).kind !== 'directory')
    throw new TarError(`can't change directory to '${options.directory}': No such file or directory`);
  if (options.action !== 'create') return readArchive(process, options, directory);
  if (options.operands.length === 0) throw new TarError('empty archive');
  return writeArchive(process, options, directory);
}

async function readArchive(process: ProcessContext, options: TarOptions, directory: string): Promise<number> {
  const file = options.file === '-' ? undefined : process.open(options.file, { read: true });
  try {
    const plain = new ByteSource(file === undefined ? process.stdin : chunks(file));
    const isGzip = options.gzip || (await plain.peek(2)).equals(GZIP_MAGIC);
    const source = isGzip ? new ByteSource(gunzipped(plain)) : plain;
    const code = await extractTar(process, options, directory, source);
    // Who writes into a pipe is not to be cut off by zeros that nobody wants.
    for await (const _ of plain.all());
    return code;
  } finally {
    file?.release();
  }
}

async function* chunks(file: OpenFile): AsyncGenerator<Uint8Array> {
  for (let next = await file.read(); next !== undefined; next = await file.read()) yield next;
}

async function* gunzipped(source: ByteSource): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const input = Readable.from(source.all(), { objectMode: false });
  input.on('error', (error) => gunzip.destroy(error));
  try {
    for await (const bytes of input.pipe(gunzip)) yield bytes as Buffer;
  } catch (error) {
    throw error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
      ? new TarError('corrupted data')
      : error;
  }
}

async function writeArchive(process: ProcessContext, options: TarOptions, directory: string): Promise<number> {
  const toStdout = options.file === '-';
  const file = toStdout
    ? undefined
    : process.open(options.file, { read: false, write: true, create: true, truncate: true, mode: 0o666 });
  const put = (bytes: Uint8Array): Promise<void> => (file === undefined ? process.print(bytes) : file.write(bytes));
  try {
    if (!options.gzip) return await createTar(process, options, directory, put);
    const gzip = createGzip();
    const written = passOn(gzip, put);
    written.catch(() => {});
    const code = await createTar(process, options, directory, (bytes) => feed(gzip, bytes));
    gzip.end();
    await written;
    return code;
  } finally {
    file?.release();
  }
}

async function passOn(gzip: Gzip, put: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  for await (const bytes of gzip) await put(bytes as Buffer);
}

function feed(gzip: Gzip, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (gzip.write(bytes)) resolve();
    else {
      gzip.once('drain', resolve);
      // Its reader has failed, and says why.
      gzip.once('close', resolve);
    }
  });
}
