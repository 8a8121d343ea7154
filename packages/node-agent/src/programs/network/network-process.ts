/**
 * What a network applet uses of its process, and how it writes what it downloads.
 */
import { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';

export type NetworkProcess = Pick<
  ProcessContext,
  | 'argv'
  | 'env'
  | 'cwd'
  | 'stdin'
  | 'print'
  | 'printError'
  | 'killed'
  | 'clock'
  | 'network'
  | 'resolver'
  | 'ip'
  | 'hostname'
  | 'image'
  | 'fileSystem'
  | 'memory'
  | 'onSignal'
  | 'open'
>;

export type NetworkProgram = (process: NetworkProcess) => Promise<number>;

/** Bytes of a body that is sent from a file or standard input. */
export const LONGEST_BODY = 32 * 1024 * 1024;

export interface Output {
  /** @throws FileError */
  write(bytes: Uint8Array): Promise<void>;
  close(): void;
}

/** Standard output, for `-`, or a file that is written as the bytes come. @throws FileError */
export function openOutput(process: NetworkProcess, name: string): Output {
  if (name === '-') return { write: (bytes) => process.print(bytes), close: () => {} };
  const file = process.open(pathOf(process, name), { write: true, create: true, truncate: true });
  return { write: (bytes) => file.write(bytes), close: () => file.release() };
}

/** @throws FileError */
export function readInputFile(process: NetworkProcess, name: string): Uint8Array {
  return process.fileSystem().readFile(pathOf(process, name));
}

export function pathOf({ cwd }: NetworkProcess, name: string): string {
  return ContainerFileSystem.resolve(cwd, name);
}

/** All of an input, as far as LONGEST_BODY, charged to the process until it ends. */
export async function readAll(
  input: AsyncIterable<Uint8Array>,
  { memory }: Pick<NetworkProcess, 'memory'>,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of input) {
    size += bytes.length;
    if (size > LONGEST_BODY) break;
    memory.charge(bytes.length);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
