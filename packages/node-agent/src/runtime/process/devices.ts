/**
 * The devices that every container has: null, zero, full, random and urandom (null(4), random(4)).
 */
import type { Random } from '@regatta/runtime';
import { FileError } from '../filesystem/file-error.ts';
import { CountedFile, type IoOptions } from './open-file.ts';

/** What one read of an endless device gives when nobody says how much. */
const READ_BYTES = 65_536;

export class NullDevice extends CountedFile {
  override async read(): Promise<Uint8Array | undefined> {
    return undefined;
  }

  override async write(): Promise<void> {}

  override seek(): number {
    return 0;
  }
}

export class ZeroDevice extends NullDevice {
  override async read({ max = READ_BYTES }: IoOptions = {}): Promise<Uint8Array | undefined> {
    return new Uint8Array(Math.min(max, READ_BYTES));
  }
}

export class FullDevice extends ZeroDevice {
  override async write(): Promise<void> {
    throw new FileError('ENOSPC', 'write', this.name);
  }
}

export class RandomDevice extends NullDevice {
  constructor(
    name: string,
    private readonly random: Random,
  ) {
    super(name);
  }

  override async read({ max = READ_BYTES }: IoOptions = {}): Promise<Uint8Array | undefined> {
    return Uint8Array.from({ length: Math.min(max, READ_BYTES) }, () => Math.floor(this.random.next() * 256));
  }
}
