/**
 * Entries in the byte order of their keys, for fast ordered lists and cheap inserts among hundreds of thousands.
 *
 * Entries stand in chunks of at most CHUNK entries; chunks are in order too. Finding is two binary searches, inserting
 * moves at most CHUNK entries, counting what follows adds up chunk sizes.
 *
 * Invariants: no chunk is empty; keys are unique. JavaScript compares UTF-16 units, the store bytes: they differ only
 * for characters beyond U+D800, which `sortKey` moves to where UTF-8 has them.
 */
const CHUNK = 512;

export interface Keyed {
  readonly key: string;
}

interface Slot<T> {
  readonly sortKey: string;
  readonly entry: T;
}

const ABOVE_SURROGATES = /[\ud800-\uffff]/;

/** A string whose UTF-16 order is the UTF-8 byte order of `key`: `key` itself for all but exotic ones. */
export function sortKey(key: string): string {
  if (!ABOVE_SURROGATES.test(key)) return key;
  return key.replace(/[\ud800-\uffff]/g, (unit) => {
    const code = unit.charCodeAt(0);
    return String.fromCharCode(code < 0xe000 ? code + 0x2000 : code - 0x800);
  });
}

export class SortedIndex<T extends Keyed> {
  readonly #chunks: Slot<T>[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): T | undefined {
    const [chunk, i] = this.#find(sortKey(key));
    const entry = this.#chunks[chunk]?.[i]?.entry;
    return entry?.key === key ? entry : undefined;
  }

  /** Adds an entry, or replaces the one with its key. */
  set(entry: T): void {
    const slot = { sortKey: sortKey(entry.key), entry };
    const [at, i] = this.#find(slot.sortKey);
    const chunk = this.#chunks[at];
    if (!chunk) {
      this.#append(slot);
    } else if (chunk[i]?.entry.key === entry.key) {
      chunk[i] = slot;
    } else {
      chunk.splice(i, 0, slot);
      this.#size++;
      this.#splitFull(at);
    }
  }

  delete(key: string): void {
    const [at, i] = this.#find(sortKey(key));
    const chunk = this.#chunks[at];
    if (chunk?.[i]?.entry.key !== key) return;
    chunk.splice(i, 1);
    this.#size--;
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  /** Entries under `prefix`, in order, after the key `startAfter`. */
  *under(prefix: string, startAfter?: string): Generator<T> {
    let [at, i] = this.#start(prefix, startAfter);
    for (let chunk = this.#chunks[at]; chunk; chunk = this.#chunks[++at], i = 0) {
      for (; i < chunk.length; i++) {
        const entry = chunk[i]?.entry;
        if (!entry?.key.startsWith(prefix)) return;
        yield entry;
      }
    }
  }

  /** All entries under `prefix`, as an array. */
  all(prefix: string): T[] {
    const entries: T[] = [];
    let [at, i] = this.#start(prefix);
    for (let chunk = this.#chunks[at]; chunk; chunk = this.#chunks[++at], i = 0) {
      for (; i < chunk.length; i++) {
        const entry = chunk[i]?.entry;
        if (!entry?.key.startsWith(prefix)) return entries;
        entries.push(entry);
      }
    }
    return entries;
  }

  /** How many entries under `prefix` follow the key `startAfter`. */
  countAfter(prefix: string, startAfter: string): number {
    const [from, i] = this.#start(prefix, startAfter);
    const [to, j] = this.#find(`${sortKey(prefix)}\uffff\uffff`);
    if (from > to || (from === to && i > j)) return 0;
    let count = j - i;
    for (let at = from; at < to; at++) count += this.#chunks[at]?.length ?? 0;
    return count;
  }

  #start(prefix: string, startAfter?: string): [number, number] {
    const from = sortKey(prefix);
    const start = startAfter === undefined ? from : sortKey(startAfter);
    // No key holds a NUL: with one it is the least string after startAfter.
    return start < from || startAfter === undefined ? this.#find(from) : this.#find(`${start}\0`);
  }

  /** Chunk and place of the first slot that is not less than `target`. A place past everything is in no chunk. */
  #find(target: string): [number, number] {
    const chunks = this.#chunks;
    const at = lowerBound(chunks.length, (i) => (chunks[i]?.at(-1)?.sortKey ?? '') < target);
    const chunk = chunks[at];
    return chunk ? [at, lowerBound(chunk.length, (i) => (chunk[i]?.sortKey ?? '') < target)] : [at, 0];
  }

  #append(slot: Slot<T>): void {
    const last = this.#chunks.at(-1);
    if (last && last.length < CHUNK) last.push(slot);
    else this.#chunks.push([slot]);
    this.#size++;
  }

  #splitFull(at: number): void {
    const chunk = this.#chunks[at];
    if (chunk && chunk.length > CHUNK) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK / 2));
  }
}

/** The first number below `length` for which `isBefore` is false. */
function lowerBound(length: number, isBefore: (i: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
