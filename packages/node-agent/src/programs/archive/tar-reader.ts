/**
 * Reads an archive entry by entry, as it comes; nothing of the contents is kept.
 */
import type { ByteSource } from './byte-source.ts';
import {
  BLOCK,
  decodeHeader,
  kindOf,
  LONG_NAME,
  LONG_TARGET,
  PAX,
  PAX_GLOBAL,
  type RawEntry,
  type TarEntry,
  TarError,
} from './tar-entry.ts';

/** Bytes of a name or of pax' records. */
const LONGEST_RECORD = 64 * 1024;

export interface ReadEntry {
  readonly entry: TarEntry;
  /** Once; what is left unread is skipped. */
  readonly contents: AsyncIterable<Uint8Array>;
}

/** @throws TarError for what is no archive, or one that ends early */
export async function* readTar(source: ByteSource): AsyncGenerator<ReadEntry> {
  let more: Partial<TarEntry> = {};
  for (let raw = await nextHeader(source); raw; raw = await nextHeader(source)) {
    const record = await readRecord(source, raw);
    if (record !== undefined) {
      more = { ...more, ...record };
      continue;
    }
    const { type: _, ...known } = raw;
    const whole = { ...known, ...more };
    const entry: TarEntry = { ...whole, kind: kindOf({ ...whole, type: raw.type }) };
    more = {};
    const contents = new Contents(source, entry.kind === 'file' ? entry.size : 0);
    yield { entry, contents };
    await contents.skip();
  }
}

async function nextHeader(source: ByteSource): Promise<RawEntry | undefined> {
  const block = await source.take(BLOCK);
  if (block.length === 0) return undefined;
  if (block.length < BLOCK) throw new TarError('short read');
  return decodeHeader(block);
}

/** What a pseudo-entry says of the next entry; undefined for an entry of its own. */
async function readRecord(source: ByteSource, { type, size }: RawEntry): Promise<Partial<TarEntry> | undefined> {
  if (type !== LONG_NAME && type !== LONG_TARGET && type !== PAX && type !== PAX_GLOBAL) return undefined;
  if (size > LONGEST_RECORD) throw new TarError('a name is too long');
  const bytes = await source.take(Math.ceil(size / BLOCK) * BLOCK);
  if (bytes.length < size) throw new TarError('short read');
  const contents = bytes.subarray(0, size);
  if (type === PAX) return paxRecords(contents);
  if (type === PAX_GLOBAL) return {};
  const text = contents.toString().replace(/\0.*$/s, '');
  return type === LONG_NAME ? { name: text } : { target: text };
}

/** Lines of `LENGTH KEY=VALUE`, the length being the whole line's in bytes. */
function paxRecords(bytes: Buffer): Partial<TarEntry> {
  const found = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, space));
    if (space < 0 || !(length > 0)) throw new TarError('corrupted octal value in tar header');
    const line = bytes.toString('utf8', space + 1, at + length - 1);
    const equals = line.indexOf('=');
    found.set(line.slice(0, equals), line.slice(equals + 1));
    at += length;
  }
  const [name, target] = [found.get('path'), found.get('linkpath')];
  const [size, modified] = [found.get('size'), found.get('mtime')];
  return {
    ...(name === undefined ? {} : { name }),
    ...(target === undefined ? {} : { target }),
    ...(size === undefined ? {} : { size: Number(size) }),
    ...(modified === undefined ? {} : { modified: Math.round(Number(modified) * 1000) }),
  };
}

const PIECE = 64 * 1024;

class Contents implements AsyncIterable<Uint8Array> {
  #left: number;
  #padding: number;

  constructor(
    private readonly source: ByteSource,
    size: number,
  ) {
    this.#left = size;
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    while (this.#left > 0) {
      const piece = await this.source.some(Math.min(this.#left, PIECE));
      if (piece === undefined) throw new TarError('short read');
      this.#left -= piece.length;
      yield piece;
    }
  }

  async skip(): Promise<void> {
    for await (const _ of this);
    await this.source.take(this.#padding);
    this.#padding = 0;
  }
}
