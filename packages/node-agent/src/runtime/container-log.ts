/**
 * The log of one container instance: lines with their instants, in memory.
 *
 * What is written belongs to the log from then on: lines are views of it.
 *
 * Invariants: holds at most LIMIT_LINES lines and LIMIT_BYTES bytes (the oldest go first); a line longer than
 * LONGEST_LINE is cut into partial lines as containerd does (16 KiB); nothing is added after `close`. A log that nobody
 * has written to holds next to nothing: there is one for every container of the machine.
 */
import type { ContainerLogReader, LogLine, OutputStream } from './container-runtime.ts';

const LIMIT_BYTES = 1024 * 1024;
const LIMIT_LINES = 20_000;
const LONGEST_LINE = 16 * 1024;
const NEWLINE = 10;

const NO_LINES: readonly LogLine[] = [];
const NOBODY: readonly never[] = [];

export class ContainerLog implements ContainerLogReader {
  #lines: LogLine[] | undefined;
  #bytes = 0;
  #closed = false;
  /** The end of what was written, as far as it is no whole line. */
  #openOut: Uint8Array | undefined;
  #openErr: Uint8Array | undefined;
  #lineListeners: readonly ((line: LogLine) => void)[] = NOBODY;
  #closeListeners: readonly (() => void)[] = NOBODY;

  constructor(private readonly clock: { now(): number }) {}

  get closed(): boolean {
    return this.#closed;
  }

  lines(): readonly LogLine[] {
    return this.#lines ?? NO_LINES;
  }

  onLine(listener: (line: LogLine) => void): () => void {
    this.#lineListeners = [...this.#lineListeners, listener];
    return () => {
      this.#lineListeners = this.#lineListeners.filter((other) => other !== listener);
    };
  }

  onClose(listener: () => void): () => void {
    this.#closeListeners = [...this.#closeListeners, listener];
    return () => {
      this.#closeListeners = this.#closeListeners.filter((other) => other !== listener);
    };
  }

  write(stream: OutputStream, bytes: Uint8Array): void {
    if (this.#closed) return;
    const open = stream === 'stdout' ? this.#openOut : this.#openErr;
    let rest = open === undefined ? bytes : join(open, bytes);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      this.#addLine(stream, rest.subarray(0, end), false);
      rest = rest.subarray(end + 1);
    }
    while (rest.length >= LONGEST_LINE) {
      this.#add({ time: this.clock.now(), stream, text: rest.subarray(0, LONGEST_LINE), partial: true });
      rest = rest.subarray(LONGEST_LINE);
    }
    this.#keep(stream, rest.length === 0 ? undefined : rest.slice());
  }

  /** What was written without a newline at its end becomes a last, partial line. */
  close(): void {
    if (this.#closed) return;
    if (this.#openOut !== undefined) this.#addLine('stdout', this.#openOut, true);
    if (this.#openErr !== undefined) this.#addLine('stderr', this.#openErr, true);
    this.#openOut = this.#openErr = undefined;
    this.#closed = true;
    for (const listener of this.#closeListeners) listener();
    this.#closeListeners = NOBODY;
    this.#lineListeners = NOBODY;
  }

  #keep(stream: OutputStream, open: Uint8Array | undefined): void {
    if (stream === 'stdout') this.#openOut = open;
    else this.#openErr = open;
  }

  #addLine(stream: OutputStream, text: Uint8Array, partial: boolean): void {
    let rest = text;
    while (rest.length > LONGEST_LINE) {
      this.#add({ time: this.clock.now(), stream, text: rest.subarray(0, LONGEST_LINE), partial: true });
      rest = rest.subarray(LONGEST_LINE);
    }
    this.#add({ time: this.clock.now(), stream, text: rest, partial });
  }

  #add(line: LogLine): void {
    this.#lines ??= [];
    this.#lines.push(line);
    this.#bytes += line.text.length;
    if (this.#bytes > LIMIT_BYTES || this.#lines.length > LIMIT_LINES) this.#rotate(this.#lines);
    for (const listener of this.#lineListeners) listener(line);
  }

  /** Drops the older half, so that the cost of dropping is paid rarely. */
  #rotate(lines: readonly LogLine[]): void {
    this.#lines = lines.slice(Math.ceil(lines.length / 2));
    this.#bytes = this.#lines.reduce((sum, line) => sum + line.text.length, 0);
  }
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
