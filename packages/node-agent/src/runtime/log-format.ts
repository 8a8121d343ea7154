/**
 * Log files as container runtimes write them (the CRI's format): an instant, the stream, P for a part of a line or F for
 * its end, and the text.
 */
import { Buffer } from 'node:buffer';
import type { LogLine } from './container-runtime.ts';

const NEWLINE = 10;
const LINE = /^(\S+) (stdout|stderr) ([PF]) /;
/** Longer than what stands before any text. */
const LONGEST_HEAD = 64;

export function formatLines(lines: readonly LogLine[]): Uint8Array {
  return Buffer.concat(
    lines.flatMap(({ time, stream, text, partial }) => [
      Buffer.from(`${new Date(time).toISOString().slice(0, -1)}000000Z ${stream} ${partial ? 'P' : 'F'} `),
      text,
      Buffer.of(NEWLINE),
    ]),
  );
}

/** What can't be read is left out: the last line may have been cut off. */
export function parseLog(bytes: Uint8Array): LogLine[] {
  const lines: LogLine[] = [];
  let at = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
    const line = bytes.subarray(at, end);
    at = end + 1;
    const found = LINE.exec(Buffer.from(line.subarray(0, LONGEST_HEAD)).toString('latin1'));
    if (!found) continue;
    const [head, time = '', stream, part] = found;
    const instant = Date.parse(time);
    if (Number.isNaN(instant)) continue;
    const text = Uint8Array.from(line.subarray(head.length));
    lines.push({ time: instant, stream: stream === 'stderr' ? 'stderr' : 'stdout', text, partial: part === 'P' });
  }
  return lines;
}
