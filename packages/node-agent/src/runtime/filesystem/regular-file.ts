/**
 * Opening paths for processes: a file descriptor over an open node. Devices that have an opening of their own give it.
 */
import { CountedFile, type IoOptions, type OpenFile } from '../process/open-file.ts';
import type { ContainerFileSystem } from './file-system.ts';
import { openPipe } from './named-pipe.ts';
import type { OpenFlags, OpenNode } from './open-node.ts';

/** How much one read gives when nobody says. */
const READ_BYTES = 65_536;

/** @throws FileError */
export function openPath(files: ContainerFileSystem, path: string, flags: OpenFlags): OpenFile {
  const opened = files.open(path, flags);
  const { node } = opened;
  if (node.kind === 'fifo') return openPipe(node, opened.path, flags);
  if (node.kind !== 'device' || node.open === undefined) return new RegularFile(opened);
  opened.close();
  return node.open();
}

export class RegularFile extends CountedFile {
  constructor(private readonly opened: OpenNode) {
    super(opened.path);
  }

  override async read({ max = READ_BYTES }: IoOptions = {}): Promise<Uint8Array | undefined> {
    return this.opened.read(max);
  }

  override async write(bytes: Uint8Array): Promise<void> {
    this.opened.write(bytes);
  }

  override seek(offset: number, from: 'start' | 'current' | 'end'): number {
    return this.opened.seek(offset, from);
  }

  protected override onLastRelease(): void {
    this.opened.close();
  }
}
