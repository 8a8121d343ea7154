/**
 * What the database says about itself: its format, and how far its log was compacted.
 */
import type { Database } from './database.ts';
import { metaKey } from './keyspace.ts';

const FORMAT = metaKey('format');
const COMPACTED = metaKey('compacted');

interface Put {
  readonly type: 'put';
  readonly key: Buffer;
  readonly value: Buffer;
}

export function compactedOperation(revision: number): Put {
  return { type: 'put', key: COMPACTED, value: Buffer.from(String(revision)) };
}

export function formatOperation(format: number): Put {
  return { type: 'put', key: FORMAT, value: Buffer.from(String(format)) };
}

/** Undefined in a database that has none; NaN for what is not a number. */
export async function formatOf(database: Database): Promise<number | undefined> {
  return numberOf(await database.get(FORMAT));
}

export async function compactedOf(database: Database): Promise<number> {
  return numberOf(await database.get(COMPACTED)) ?? 0;
}

function numberOf(bytes: Buffer | undefined): number | undefined {
  return bytes === undefined ? undefined : Number(bytes.toString());
}
