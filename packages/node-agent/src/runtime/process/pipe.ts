/**
 * A pipe: what one side writes the other reads (pipe(7)).
 *
 * Invariants: holds PIPE_CAPACITY bytes at most; reading ends when the last writer has let go, writing fails with EPIPE
 * when the last reader has.
 */
import { ByteChannel } from './byte-channel.ts';
import { CountedFile, type IoOptions } from './open-file.ts';

export const PIPE_CAPACITY = 65_536;

export interface Pipe {
  readonly reader: CountedFile;
  readonly writer: CountedFile;
}

let lastPipe = 0;

export function makePipe(capacity: number = PIPE_CAPACITY): Pipe {
  const name = `pipe:[${++lastPipe}]`;
  const channel = new ByteChannel(capacity, name);
  return { reader: new PipeReader(name, channel), writer: new PipeWriter(name, channel) };
}

class PipeReader extends CountedFile {
  constructor(
    name: string,
    private readonly channel: ByteChannel,
  ) {
    super(name);
  }

  override read({ max, signal }: IoOptions = {}): Promise<Uint8Array | undefined> {
    return this.isOpen ? this.channel.read(max, signal) : super.read();
  }

  protected override onLastRelease(): void {
    this.channel.close();
  }
}

class PipeWriter extends CountedFile {
  constructor(
    name: string,
    private readonly channel: ByteChannel,
  ) {
    super(name);
  }

  override write(bytes: Uint8Array, { signal }: IoOptions = {}): Promise<void> {
    return this.isOpen ? this.channel.write(bytes, signal) : super.write(bytes);
  }

  protected override onLastRelease(): void {
    this.channel.end();
  }
}
