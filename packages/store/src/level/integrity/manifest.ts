/**
 * What LevelDB's MANIFEST says is alive: the tables with their sizes, and the oldest write-ahead log that is needed.
 * https://github.com/google/leveldb/blob/main/doc/impl.md
 */
import { VarintReader } from './varint.ts';

const COMPARATOR = 1;
const LOG_NUMBER = 2;
const NEXT_FILE = 3;
const LAST_SEQUENCE = 4;
const COMPACT_POINTER = 5;
const DELETED_FILE = 6;
const NEW_FILE = 7;
const PREVIOUS_LOG = 9;

export interface LiveFiles {
  /** Sizes in bytes of the tables, by number. */
  readonly tables: ReadonlyMap<number, number>;
  /** Number of the oldest log whose writes are in no table yet; 0 for a database that was only just made. */
  readonly log: number;
}

/** @param edits the MANIFEST's records. @throws RangeError for what it does not know */
export function liveFiles(edits: readonly Buffer[]): LiveFiles {
  const tables = new Map<number, number>();
  let log = 0;
  for (const edit of edits) {
    const reader = new VarintReader(edit);
    while (!reader.done) {
      const tag = reader.number();
      if (tag === LOG_NUMBER) log = reader.number();
      else if (tag === NEW_FILE) addTable(reader, tables);
      else if (tag === DELETED_FILE) {
        reader.number();
        tables.delete(reader.number());
      } else skip(tag, reader);
    }
  }
  return { tables, log };
}

function addTable(reader: VarintReader, tables: Map<number, number>): void {
  reader.number();
  tables.set(reader.number(), reader.number());
  reader.prefixed();
  reader.prefixed();
}

function skip(tag: number, reader: VarintReader): void {
  if (tag === COMPARATOR) reader.prefixed();
  else if (tag === NEXT_FILE || tag === LAST_SEQUENCE || tag === PREVIOUS_LOG) reader.number();
  else if (tag === COMPACT_POINTER) {
    reader.number();
    reader.prefixed();
  } else throw new RangeError(`an unknown field ${tag}`);
}
