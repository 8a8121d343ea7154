/**
 * What applets have in common: how they complain, and what they read.
 */
import { isFileError } from '../../runtime/filesystem/file-error.ts';
import { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import type { ProcessContext, Program } from '../../runtime/process/process-context.ts';
import { UsageError } from './command-line.ts';

/** Whose words a container's tools use. */
export type Flavour = 'busybox' | 'gnu';

export function flavourOf(process: ProcessContext): Flavour {
  const files = process.fileSystem();
  if (!files.exists('/etc/os-release')) return 'busybox';
  const text = new TextDecoder().decode(files.readFile('/etc/os-release'));
  return /^ID="?(?:busybox|alpine|wolfi)/m.test(text) ? 'busybox' : 'gnu';
}

export function nameOf(process: ProcessContext): string {
  return (process.argv[0] ?? '').split('/').at(-1) ?? '';
}

/** An applet: the files that are fetched on demand are there, and wrong use is told. */
export function applet(run: (process: ProcessContext, args: readonly string[]) => Promise<number>): Program {
  return async (process) => {
    await process.prepareFiles();
    try {
      return await run(process, process.argv.slice(1));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      await process.printError(`${nameOf(process)}: ${error.message}\n`);
      return error.status;
    }
  };
}

export async function complain(process: ProcessContext, message: string): Promise<void> {
  await process.printError(`${nameOf(process)}: ${message}\n`);
}

export function absolute(process: ProcessContext, path: string): string {
  return ContainerFileSystem.resolve(process.cwd, path);
}

/** Runs a step for each path; a file's error is told and makes the status 1. */
export async function eachPath(
  process: ProcessContext,
  paths: readonly string[],
  describe: (path: string, reason: string) => string,
  run: (path: string) => Promise<void> | void,
): Promise<number> {
  let status = 0;
  for (const path of paths) {
    try {
      await run(path);
    } catch (error) {
      if (!isFileError(error) || error.code === 'EPIPE') throw error;
      status = 1;
      await complain(process, describe(path, error.reason));
    }
    await process.step();
  }
  return status;
}

/** Bytes of a descriptor's or a file's contents as they come. `-` is standard input. @throws FileError */
export async function* inputOf(process: ProcessContext, path: string): AsyncGenerator<Uint8Array> {
  if (path === '-') return yield* process.stdin;
  const file = process.open(path, { read: true });
  const fd = process.fds.add(file, { from: 3 });
  try {
    for (;;) {
      const chunk = await process.read(fd, { max: 65_536 });
      if (chunk === undefined) return;
      yield chunk;
    }
  } finally {
    if (process.fds.has(fd)) process.fds.close(fd);
  }
}

/** How a tool says that it can't read a file. */
export function cannotOpen(process: ProcessContext): (path: string, reason: string) => string {
  if (flavourOf(process) === 'gnu') {
    const opens = ['head', 'tail'].includes(nameOf(process));
    return (path, reason) => (opens ? `cannot open '${path}' for reading: ${reason}` : `${path}: ${reason}`);
  }
  return (path, reason) => (reason === 'Is a directory' ? `read error: ${reason}` : `can't open '${path}': ${reason}`);
}

/** Reads each input in turn; standard input when there is none. */
export async function eachInput(
  process: ProcessContext,
  paths: readonly string[],
  read: (input: AsyncIterable<Uint8Array>, path: string) => Promise<void>,
): Promise<number> {
  return eachPath(process, paths.length === 0 ? ['-'] : paths, cannotOpen(process), (path) =>
    read(inputOf(process, path), path),
  );
}

/** A line may be this long; what is longer comes in pieces. */
const LONGEST_LINE = 1024 * 1024;

/** Lines with their ends, as bytes in a latin1 string; the last may have none. */
export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of input) {
    rest += Buffer.from(chunk).toString('latin1');
    let from = 0;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', from)) {
      yield rest.slice(from, end + 1);
      from = end + 1;
    }
    rest = rest.slice(from);
    if (rest.length > LONGEST_LINE) {
      yield rest;
      rest = '';
    }
  }
  if (rest !== '') yield rest;
}

/** Gathers output, so that a line is not a write of its own, and lets it go whenever the applet would wait. */
export class OutputBuffer {
  #text = '';

  constructor(private readonly process: ProcessContext) {}

  /** @param text bytes as a latin1 string */
  async write(text: string): Promise<void> {
    this.#text += text;
    if (this.#text.length >= 32_768) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#text === '') return;
    const bytes = Buffer.from(this.#text, 'latin1');
    this.#text = '';
    await this.process.print(bytes);
  }
}

/**
 * Passes each line of the input through a function; what it gives is printed before more input is waited for.
 * @param change gets a line without its end; undefined prints nothing
 */
export async function filterLines(
  process: ProcessContext,
  input: AsyncIterable<Uint8Array>,
  change: (line: string) => string | undefined,
): Promise<void> {
  const output = new OutputBuffer(process);
  for await (const lines of lineBatches(input)) {
    for (const line of lines) {
      const changed = change(line);
      if (changed !== undefined) await output.write(`${changed}\n`);
    }
    await output.flush();
    await process.step();
  }
}

/** The complete lines of each piece of input, without their ends. */
export async function* lineBatches(input: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
  let rest = '';
  for await (const chunk of input) {
    const lines = (rest + Buffer.from(chunk).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) {
      lines.push(rest);
      rest = '';
    }
    if (lines.length > 0) yield lines;
  }
  if (rest !== '') yield [rest];
}

export function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

export function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
