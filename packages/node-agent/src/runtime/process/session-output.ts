/**
 * What an exec'd or attached process writes, on its way to whoever looks: two streams in the order of writing.
 *
 * Invariants: at most `capacity` bytes wait (a larger piece alone is let in): who writes more waits; ends when both
 * writing ends have been closed, or when the reader goes away, after which writing fails with EPIPE.
 */
import type { OutputChunk, OutputStream } from '../container-runtime.ts';
import { FileError } from '../filesystem/file-error.ts';
import { Changes } from './changes.ts';
import { CountedFile, type IoOptions } from './open-file.ts';

export const SESSION_CAPACITY = 262_144;

interface Pending {
  readonly chunk: OutputChunk;
  resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class SessionOutput implements AsyncIterable<OutputChunk> {
  readonly #chunks: OutputChunk[] = [];
  #size = 0;
  #ended = false;
  #closed = false;
  readonly #pending: Pending[] = [];
  readonly #changes = new Changes();

  constructor(private capacity: number = SESSION_CAPACITY) {}

  /** @throws FileError EPIPE; the signal's reason */
  write(stream: OutputStream, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (this.#closed || this.#ended) return Promise.reject(new FileError('EPIPE', 'write', stream));
    if (bytes.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const pending: Pending = { chunk: { stream, bytes }, resolve, reject };
      this.#pending.push(pending);
      this.#admit();
      if (!this.#pending.includes(pending)) return;
      const abort = (): void => {
        const at = this.#pending.indexOf(pending);
        if (at >= 0) this.#pending.splice(at, 1);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      pending.resolve = () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
    });
  }

  /** Nothing more comes; what is there is still delivered. */
  end(): void {
    this.#ended = true;
    this.#refusePending();
    this.#changes.wake();
  }

  /** Lets all in who wait: the writer is about to be gone. */
  admitAll(): void {
    this.capacity = Number.POSITIVE_INFINITY;
    this.#admit();
  }

  /** Nobody reads any more. */
  close(): void {
    this.#closed = true;
    this.#chunks.length = 0;
    this.#size = 0;
    this.#refusePending();
    this.#changes.wake();
  }

  /** Two files that write here; the end comes when both are closed. */
  files(): { readonly stdout: CountedFile; readonly stderr: CountedFile } {
    let open = 2;
    const closed = (): void => {
      open--;
      if (open === 0) this.end();
    };
    return { stdout: new SessionFile(this, 'stdout', closed), stderr: new SessionFile(this, 'stderr', closed) };
  }

  async *[Symbol.asyncIterator](): AsyncIterator<OutputChunk> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          this.#size -= chunk.bytes.length;
          this.#admit();
          yield chunk;
        } else if (this.#ended || this.#closed) return;
        else await this.#changes.next();
      }
    } finally {
      this.close();
    }
  }

  /** Lets those in who wait with their bytes. */
  #admit(): void {
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) {
      if (this.#size > 0 && this.#size + first.chunk.bytes.length > this.capacity) return;
      this.#pending.shift();
      this.#put(first.chunk);
      first.resolve();
    }
  }

  #put(chunk: OutputChunk): void {
    this.#chunks.push(chunk);
    this.#size += chunk.bytes.length;
    this.#changes.wake();
  }

  #refusePending(): void {
    for (const { chunk, reject } of this.#pending.splice(0)) reject(new FileError('EPIPE', 'write', chunk.stream));
  }
}

class SessionFile extends CountedFile {
  constructor(
    private readonly output: SessionOutput,
    private readonly stream: OutputStream,
    private readonly closed: () => void,
  ) {
    super(`pipe:[${stream}]`);
  }

  override write(bytes: Uint8Array, { signal }: IoOptions = {}): Promise<void> {
    return this.isOpen ? this.output.write(this.stream, bytes, signal) : super.write(bytes);
  }

  protected override onLastRelease(): void {
    this.closed();
  }
}
