/**
 * Reads a line of a descriptor without taking more than the line, so that the next reader finds what follows: byte by
 * byte from pipes and terminals, by block and back where the file has an offset.
 */
import { isFileError } from '../../filesystem/file-error.ts';
import type { ProcessContext } from '../../process/process-context.ts';

const NEWLINE = 10;
const BLOCK_BYTES = 4096;
/** The longest line that `read` or a script on standard input may have. */
export const LONGEST_LINE = 1024 * 1024;

export interface LineOptions {
  readonly delimiter?: number;
  /** Ends after this many bytes. */
  readonly most?: number;
  readonly signal?: AbortSignal;
}

export interface Line {
  /** Without the delimiter. */
  readonly bytes: Uint8Array;
  /** False when the input ended first. */
  readonly complete: boolean;
}

export async function readLine(process: ProcessContext, fd: number, options: LineOptions = {}): Promise<Line> {
  const { delimiter = NEWLINE, most = LONGEST_LINE } = options;
  const read = { max: 1, ...(options.signal === undefined ? {} : { signal: options.signal }) };
  if (isSeekable(process, fd)) return readByBlocks(process, fd, delimiter, most);
  const bytes: number[] = [];
  while (bytes.length < most) {
    const chunk = await process.read(fd, read);
    if (chunk === undefined) return { bytes: Uint8Array.from(bytes), complete: false };
    const byte = chunk[0];
    if (byte === delimiter) break;
    if (byte !== undefined) bytes.push(byte);
  }
  return { bytes: Uint8Array.from(bytes), complete: true };
}

function isSeekable(process: ProcessContext, fd: number): boolean {
  try {
    process.fds.get(fd).seek(0, 'current');
    return true;
  } catch (error) {
    if (isFileError(error, 'ESPIPE')) return false;
    throw error;
  }
}

async function readByBlocks(process: ProcessContext, fd: number, delimiter: number, most: number): Promise<Line> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < most) {
    const chunk = await process.read(fd, { max: Math.min(BLOCK_BYTES, most - size) });
    if (chunk === undefined || chunk.length === 0) return { bytes: Buffer.concat(chunks), complete: false };
    const end = chunk.indexOf(delimiter);
    if (end < 0) {
      chunks.push(chunk.slice());
      size += chunk.length;
      continue;
    }
    chunks.push(chunk.slice(0, end));
    process.fds.get(fd).seek(end + 1 - chunk.length, 'current');
    break;
  }
  return { bytes: Buffer.concat(chunks), complete: true };
}
