/**
 * A container's log as `kubectl logs` gets it (upstream: pkg/kubelet/kuberuntime/logs/logs.go): the last lines first
 * chosen, then by time, then cut at a number of bytes.
 */
import { BoundedQueue } from '@regatta/runtime';
import type { ContainerLogReader, LogLine } from '../runtime/container-runtime.ts';

export interface LogOptions {
  readonly timestamps: boolean;
  readonly follow: boolean;
  readonly tailLines?: number;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly limitBytes?: number;
}

/** Lines that wait for a slow reader who follows. Who falls further behind is cut off. */
const FOLLOW_LIMIT = 20_000;
/** Bytes that are sent in one frame, about. */
const FRAME_BYTES = 64 * 1024;

const NEWLINE = Buffer.from('\n');

/** Frames of log bytes; ends with the container's log when it is followed. */
export async function* readLog(
  log: ContainerLogReader,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const queue = new BoundedQueue<LogLine>(FOLLOW_LIMIT);
  const stop = options.follow ? follow(log, queue, signal) : () => {};
  try {
    const writer = new LogWriter(options);
    for (const line of tail(log.lines(), options)) {
      const frame = writer.add(line);
      if (frame) yield frame;
      if (writer.full) break;
    }
    yield* writer.rest();
    if (!options.follow || writer.full) return;
    for await (const line of queue) {
      writer.add(line);
      yield* writer.rest();
      if (writer.full) return;
    }
  } finally {
    stop();
  }
}

function follow(log: ContainerLogReader, queue: BoundedQueue<LogLine>, signal: AbortSignal): () => void {
  if (log.closed) {
    queue.end();
    return () => {};
  }
  const end = (): void => queue.end();
  const stops = [
    log.onLine((line) => {
      if (!queue.push(line)) queue.fail(new Error('the reader of the log is too slow'));
    }),
    log.onClose(end),
  ];
  signal.addEventListener('abort', end, { once: true });
  return () => {
    for (const stop of stops) stop();
    signal.removeEventListener('abort', end);
  };
}

function tail(lines: readonly LogLine[], { tailLines, since }: LogOptions): readonly LogLine[] {
  const last = tailLines === undefined ? lines : lines.slice(startOfTail(lines, tailLines));
  return since === undefined ? last : last.filter((line) => line.time >= since);
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

  /** Takes a line; answers with a frame when enough has come together. */
  add(line: LogLine): Uint8Array | undefined {
    if (this.options.timestamps && this.#atLineStart) this.#push(Buffer.from(`${nanoTime(line.time)} `));
    this.#push(line.text);
    if (!line.partial) this.#push(NEWLINE);
    this.#atLineStart = !line.partial;
    return this.#size >= FRAME_BYTES ? this.#take() : undefined;
  }

  *rest(): Generator<Uint8Array> {
    if (this.#size > 0) yield this.#take();
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

/** RFC 3339 with nanoseconds and without trailing zeros, as Go writes it. */
function nanoTime(ms: number): string {
  const iso = new Date(ms).toISOString();
  const fraction = iso.slice(20, 23).replace(/0+$/, '');
  return `${iso.slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`;
}
