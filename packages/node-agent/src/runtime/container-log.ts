/**
 * The log of one container instance: lines with their instants, in memory.
 *
 * Invariants: holds at most LIMIT_LINES lines and LIMIT_BYTES bytes (the oldest go first); a line longer than
 * LONGEST_LINE is cut into partial lines as containerd does (16 KiB); nothing is added after `close`.
 */
import type { ContainerLogReader, LogLine, OutputStream } from './container-runtime.ts';

const LIMIT_BYTES = 1024 * 1024;
const LIMIT_LINES = 20_000;
const LONGEST_LINE = 16 * 1024;
const NEWLINE = 10;

export class ContainerLog implements ContainerLogReader {
  #lines: LogLine[] = [];
  #bytes = 0;
  #closed = false;
  readonly #open: Record<OutputStream, Uint8Array> = { stdout: new Uint8Array(0), stderr: new Uint8Array(0) };
  readonly #lineListeners = new Set<(line: LogLine) => void>();
  readonly #closeListeners = new Set<() => void>();

  constructor(private readonly now: () => number) {}

  get closed(): boolean {
    return this.#closed;
  }

  lines(): readonly LogLine[] {
    return this.#lines;
  }

  onLine(listener: (line: LogLine) => void): () => void {
    this.#lineListeners.add(listener);
    return () => this.#lineListeners.delete(listener);
  }

  onClose(listener: () => void): () => void {
    this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  write(stream: OutputStream, bytes: Uint8Array): void {
    if (this.#closed) return;
    let rest = this.#open[stream].length > 0 ? join(this.#open[stream], bytes) : bytes;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      this.#addLine(stream, rest.subarray(0, end), false);
      rest = rest.subarray(end + 1);
    }
    while (rest.length >= LONGEST_LINE) {
      this.#add({ time: this.now(), stream, text: rest.slice(0, LONGEST_LINE), partial: true });
      rest = rest.subarray(LONGEST_LINE);
    }
    this.#open[stream] = rest.slice();
  }

  /** What was written without a newline at its end becomes a last, partial line. */
  close(): void {
    if (this.#closed) return;
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#open[stream].length > 0) this.#addLine(stream, this.#open[stream], true);
    }
    this.#closed = true;
    for (const listener of this.#closeListeners) listener();
    this.#closeListeners.clear();
    this.#lineListeners.clear();
  }

  #addLine(stream: OutputStream, text: Uint8Array, partial: boolean): void {
    let rest = text;
    while (rest.length > LONGEST_LINE) {
      this.#add({ time: this.now(), stream, text: rest.slice(0, LONGEST_LINE), partial: true });
      rest = rest.subarray(LONGEST_LINE);
    }
    this.#add({ time: this.now(), stream, text: rest.slice(), partial });
  }

  #add(line: LogLine): void {
    this.#lines.push(line);
    this.#bytes += line.text.length;
    if (this.#bytes > LIMIT_BYTES || this.#lines.length > LIMIT_LINES) this.#rotate();
    for (const listener of this.#lineListeners) listener(line);
  }

  /** Drops the older half, so that the cost of dropping is paid rarely. */
  #rotate(): void {
    this.#lines = this.#lines.slice(Math.ceil(this.#lines.length / 2));
    this.#bytes = this.#lines.reduce((sum, line) => sum + line.text.length, 0);
  }
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
