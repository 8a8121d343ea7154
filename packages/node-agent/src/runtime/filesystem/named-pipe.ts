/**
 * A named pipe while somebody has it open (fifo(7)). Opening doesn't wait for the other side, as a real one does: the first
 * read or the full pipe does.
 */
import { ByteChannel } from '../process/byte-channel.ts';
import { CountedFile, type IoOptions, type OpenFile } from '../process/open-file.ts';
import { PIPE_CAPACITY } from '../process/pipe.ts';
import type { PipeNode } from './nodes.ts';
import { type OpenFlags, reads, writes } from './open-node.ts';

export class NamedPipe {
  readonly channel: ByteChannel;
  readers = 0;
  writers = 0;
  /** Writers have come and gone before any reader: it ends when one comes. */
  isLeft = false;
  hasEnded = false;

  constructor(readonly path: string) {
    this.channel = new ByteChannel(PIPE_CAPACITY, path);
  }

  end(): void {
    this.hasEnded = true;
    this.channel.end();
  }
}

export function openPipe(node: PipeNode, path: string, flags: OpenFlags): OpenFile {
  if (node.pipe === undefined || (writes(flags) && node.pipe.hasEnded)) node.pipe = new NamedPipe(path);
  return new PipeEnd(node, node.pipe, reads(flags), writes(flags));
}

class PipeEnd extends CountedFile {
  constructor(
    private readonly node: PipeNode,
    private readonly pipe: NamedPipe,
    private readonly reads: boolean,
    private readonly writes: boolean,
  ) {
    super(pipe.path);
    if (writes) pipe.isLeft = false;
    if (reads) pipe.readers++;
    if (writes) pipe.writers++;
    if (reads && pipe.isLeft) pipe.end();
  }

  override read({ max, signal }: IoOptions = {}): Promise<Uint8Array | undefined> {
    return this.reads ? this.pipe.channel.read(max, signal) : super.read();
  }

  override write(bytes: Uint8Array, { signal }: IoOptions = {}): Promise<void> {
    return this.writes ? this.pipe.channel.write(bytes, signal) : super.write(bytes);
  }

  protected override onLastRelease(): void {
    const { pipe, node } = this;
    if (this.reads) pipe.readers--;
    if (this.writes) pipe.writers--;
    if (this.writes && pipe.writers === 0) {
      if (pipe.readers > 0) pipe.end();
      else pipe.isLeft = true;
    }
    if (this.reads && pipe.readers === 0) {
      pipe.channel.close();
      if (node.pipe === pipe) node.pipe = undefined;
    }
  }
}
