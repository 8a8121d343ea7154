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
  | 'onSignal'
>;

export type NetworkProgram = (process: NetworkProcess) => Promise<number>;

/** Bytes of a download that are kept for a file, and of a body that is sent from one. */
export const LONGEST_FILE = 32 * 1024 * 1024;

export interface Output {
  write(bytes: Uint8Array): Promise<void>;
  /** @throws FileError */
  close(): void;
}

/** Standard output, for `-`, or a file that is written when the download is complete. */
export function openOutput(process: NetworkProcess, name: string): Output {
  if (name === '-') return { write: (bytes) => process.print(bytes), close: () => {} };
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    write: async (bytes) => {
      size += bytes.length;
      if (size > LONGEST_FILE) throw new RangeError('File too large');
      chunks.push(bytes);
    },
    close: () => process.fileSystem().writeFile(pathOf(process, name), Buffer.concat(chunks)),
  };
}

/** @throws FileError */
export function readInputFile(process: NetworkProcess, name: string): Uint8Array {
  return process.fileSystem().readFile(pathOf(process, name));
}

export function pathOf({ cwd }: NetworkProcess, name: string): string {
  return ContainerFileSystem.resolve(cwd, name);
}

/** All of standard input, as far as LONGEST_FILE. */
export async function readAll(input: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of input) {
    size += bytes.length;
    if (size > LONGEST_FILE) break;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
