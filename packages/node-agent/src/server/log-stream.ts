/**
 * A container's log as `kubectl logs` gets it (upstream: pkg/kubelet/kuberuntime/logs/logs.go): the last lines first
 * chosen, then by time and stream, then cut at a number of bytes.
 *
 * Invariant: nothing is queued for a reader: who follows reads on from the line it had last, at its own speed. One that is
 * overtaken by the log's rotation goes on at the oldest line that is kept, as with upstream's files.
 */
import type { ContainerLogReader, LogLine, OutputStream } from '../runtime/container-runtime.ts';

export interface LogOptions {
  readonly timestamps: boolean;
  readonly follow: boolean;
  /** Both unless told. */
  readonly stream?: OutputStream;
  readonly tailLines?: number;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly limitBytes?: number;
}

/** Bytes that are sent in one frame, about. */
const FRAME_BYTES = 64 * 1024;

const NEWLINE = Buffer.from('\n');

/** Frames of log bytes; ends with the container's log when it is followed. */
export async function* readLog(
  log: ContainerLogReader,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const writer = new LogWriter(options);
  const news = new News(log, signal);
  try {
    const kept = log.lines().slice();
    yield* writer.write(tail(kept, options));
    let last = kept.at(-1);
    while (options.follow && !writer.full && !signal.aborted) {
      const closed = log.closed;
      const lines = linesAfter(log.lines(), last);
      last = lines.at(-1) ?? last;
      yield* writer.write(lines);
      if (lines.length === 0 && closed) return;
      if (lines.length === 0) await news.next();
    }
  } finally {
    news.stop();
  }
}

/** Wakes a follower when the log has grown, is closed, or nobody reads any more. */
class News {
  #fresh = false;
  #wake: (() => void) | undefined;
  readonly #stops: readonly (() => void)[];

  constructor(log: ContainerLogReader, signal: AbortSignal) {
    const wake = (): void => {
      this.#fresh = true;
      this.#wake?.();
    };
    signal.addEventListener('abort', wake, { once: true });
    this.#stops = [log.onLine(wake), log.onClose(wake), () => signal.removeEventListener('abort', wake)];
  }

  async next(): Promise<void> {
    if (!this.#fresh) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#fresh = false;
    this.#wake = undefined;
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }
}

/** All lines when `last` is not kept any more. */
function linesAfter(lines: readonly LogLine[], last: LogLine | undefined): readonly LogLine[] {
  return last === undefined ? lines.slice() : lines.slice(lines.lastIndexOf(last) + 1);
}

function tail(lines: readonly LogLine[], { tailLines }: LogOptions): readonly LogLine[] {
  return tailLines === undefined ? lines : lines.slice(startOfTail(lines, tailLines));
}

/** Where the last `count` lines begin; parts of a long line count once. */
function startOfTail(lines: readonly LogLine[], count: number): number {
  let found = 0;
  let start = lines.length;
  while (start > 0) {
    const before = lines[start - 2];
    const startsLine = before === undefined || !before.partial || before.stream !== lines[start - 1]?.stream;
    if (found === count) break;
    start--;
    if (startsLine) found++;
  }
  return start;
}

class LogWriter {
  #chunks: Uint8Array[] = [];
  #size = 0;
  #left: number;
  #atLineStart = true;

  constructor(private readonly options: LogOptions) {
    this.#left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  get full(): boolean {
    return this.#left <= 0;
  }

  /** The bytes of those lines that were asked for. */
  *write(lines: readonly LogLine[]): Generator<Uint8Array> {
    const { since, stream } = this.options;
    for (const line of lines) {
      if (this.full) break;
      if ((since !== undefined && line.time < since) || (stream !== undefined && line.stream !== stream)) continue;
      this.#add(line);
      if (this.#size >= FRAME_BYTES) yield this.#take();
    }
    if (this.#size > 0) yield this.#take();
  }

  #add(line: LogLine): void {
    if (this.options.timestamps && this.#atLineStart) this.#push(Buffer.from(`${nanoTime(line.time)} `));
    this.#push(line.text);
    if (!line.partial) this.#push(NEWLINE);
    this.#atLineStart = !line.partial;
  }

  #push(bytes: Uint8Array): void {
    const cut = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= cut.length;
    this.#size += cut.length;
    this.#chunks.push(cut);
  }

  #take(): Uint8Array {
    const frame = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#size = 0;
    return frame;
  }
}

/** RFC 3339 with nine digits, as the kubelet prints it. */
function nanoTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000000Z`;
}
