/**
 * What a redis server remembers: keys with values of a type, some with an end.
 *
 * Invariants: a key that is over is never seen; a list, hash or set without elements doesn't exist; every byte is charged
 * to the process while it is kept.
 */
import type { MemoryAccount } from '../../runtime/process/memory-account.ts';

export type Value =
  | { readonly type: 'string'; text: string }
  | { readonly type: 'list'; readonly items: string[] }
  | { readonly type: 'hash'; readonly fields: Map<string, string> }
  | { readonly type: 'set'; readonly members: Set<string> }
  | { readonly type: 'zset'; readonly scores: Map<string, number> };

export type ValueType = Value['type'];
type Of<T extends ValueType> = Extract<Value, { readonly type: T }>;

/** The key holds something else. */
export class WrongTypeError extends Error {
  readonly code = 'wrong-type';
}

/** What a key costs besides its own bytes. */
const KEY_BYTES = 64;

export class Keyspace {
  readonly #values = new Map<string, Value>();
  readonly #ends = new Map<string, number>();
  readonly #charged = new Map<string, number>();

  /** @param now epoch milliseconds: instants are real */
  constructor(
    private readonly now: () => number,
    private readonly memory: MemoryAccount,
  ) {}

  keys(): string[] {
    return [...this.#values.keys()].filter((key) => this.get(key) !== undefined);
  }

  get(key: string): Value | undefined {
    const end = this.#ends.get(key);
    if (end !== undefined && end <= this.now()) this.delete(key);
    return this.#values.get(key);
  }

  /** The value when it has the type. @throws WrongTypeError */
  find<T extends ValueType>(key: string, type: T): Of<T> | undefined {
    const value = this.get(key);
    if (value !== undefined && value.type !== type) throw new WrongTypeError(key);
    return value as Of<T> | undefined;
  }

  /** The value, made when it isn't there. @throws WrongTypeError */
  obtain<T extends ValueType>(key: string, type: T): Of<T> {
    const known = this.find(key, type);
    if (known !== undefined) return known;
    const made = empty(type);
    this.#values.set(key, made);
    return made as Of<T>;
  }

  set(key: string, text: string): void {
    this.#values.set(key, { type: 'string', text });
    this.touched(key);
  }

  /** To be called when a value has changed: charges what it holds now, and drops what is empty. */
  touched(key: string): void {
    const value = this.#values.get(key);
    const size = value === undefined ? 0 : sizeOf(value);
    const before = this.#charged.get(key) ?? 0;
    const now = value === undefined || isEmpty(value) ? 0 : KEY_BYTES + key.length + size;
    if (now === 0) {
      this.#values.delete(key);
      this.#ends.delete(key);
      this.#charged.delete(key);
    } else this.#charged.set(key, now);
    if (now > before) this.memory.charge(now - before);
    else this.memory.release(before - now);
  }

  delete(key: string): boolean {
    const had = this.#values.delete(key);
    this.touched(key);
    return had;
  }

  clear(): void {
    for (const key of [...this.#values.keys()]) this.delete(key);
  }

  /** Epoch milliseconds at which the key is over; undefined for never. */
  end(key: string): number | undefined {
    return this.#ends.get(key);
  }

  setEnd(key: string, at: number | undefined): void {
    if (at === undefined) this.#ends.delete(key);
    else this.#ends.set(key, at);
  }

  rename(from: string, to: string): boolean {
    const value = this.get(from);
    if (value === undefined) return false;
    const end = this.end(from);
    this.delete(from);
    this.#values.set(to, value);
    this.setEnd(to, end);
    this.touched(to);
    return true;
  }
}

function empty(type: ValueType): Value {
  if (type === 'list') return { type, items: [] };
  if (type === 'hash') return { type, fields: new Map() };
  if (type === 'set') return { type, members: new Set() };
  if (type === 'zset') return { type, scores: new Map() };
  return { type, text: '' };
}

function isEmpty(value: Value): boolean {
  if (value.type === 'list') return value.items.length === 0;
  if (value.type === 'hash') return value.fields.size === 0;
  if (value.type === 'set') return value.members.size === 0;
  return value.type === 'zset' && value.scores.size === 0;
}

function sizeOf(value: Value): number {
  const sum = (texts: Iterable<string>): number => {
    let total = 0;
    for (const text of texts) total += text.length + 16;
    return total;
  };
  if (value.type === 'string') return value.text.length;
  if (value.type === 'list') return sum(value.items);
  if (value.type === 'hash') return sum(value.fields.keys()) + sum(value.fields.values());
  return value.type === 'set' ? sum(value.members) : sum(value.scores.keys());
}

/** The commands that make what a keyspace holds. */
export function* asCommands(keyspace: Keyspace): Generator<string[]> {
  for (const key of keyspace.keys()) {
    const value = keyspace.get(key);
    if (value?.type === 'string') yield ['SET', key, value.text];
    else if (value?.type === 'list') yield ['RPUSH', key, ...value.items];
    else if (value?.type === 'hash') yield ['HSET', key, ...[...value.fields].flat()];
    else if (value?.type === 'set') yield ['SADD', key, ...value.members];
    else if (value?.type === 'zset')
      yield ['ZADD', key, ...[...value.scores].flatMap(([name, score]) => [`${score}`, name])];
    const end = keyspace.end(key);
    if (end !== undefined) yield ['PEXPIREAT', key, String(end)];
  }
}
