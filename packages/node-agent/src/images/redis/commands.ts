/**
 * Redis' commands on its data types (upstream: redis.io/commands), one function each. Server commands are the server's.
 *
 * Not there: transactions, scripts, streams, publish and subscribe, blocking commands, clusters; such a command is
 * unknown, as it is to a real server that lacks it.
 */
import type { Keyspace } from './keyspace.ts';
import { failure, integer, list, NOTHING, OK, type Reply, textReply } from './resp.ts';

export interface RedisCommand {
  /** Words with the name: exactly so many, or at least so many when negative. */
  readonly arity: number;
  readonly writes: boolean;
  run(keyspace: Keyspace, words: readonly string[], now: number): Reply;
}

const NOT_INTEGER = failure('ERR value is not an integer or out of range');
const SYNTAX = failure('ERR syntax error');
const NO_SUCH_KEY = failure('ERR no such key');

type Run = RedisCommand['run'];

function read(arity: number, run: Run): RedisCommand {
  return { arity, writes: false, run };
}

function write(arity: number, run: Run): RedisCommand {
  return { arity, writes: true, run };
}

export const COMMANDS: ReadonlyMap<string, RedisCommand> = new Map<string, RedisCommand>([
  ['get', read(2, (keys, [, key = '']) => textReply(keys.find(key, 'string')?.text))],
  ['set', write(-3, set)],
  [
    'setnx',
    write(3, (keys, [, key = '', value = ''], now) => integer(set(keys, ['', key, value, 'NX'], now) === OK ? 1 : 0)),
  ],
  ['setex', write(4, (keys, [, key = '', s = '', value = ''], now) => set(keys, ['', key, value, 'EX', s], now))],
  ['getset', write(3, getSet)],
  ['getdel', write(2, getDelete)],
  ['mget', read(-2, (keys, [, ...names]) => list(names.map((key) => textOf(keys, key))))],
  ['mset', write(-3, multipleSet)],
  ['append', write(3, append)],
  ['strlen', read(2, (keys, [, key = '']) => integer(keys.find(key, 'string')?.text.length ?? 0))],
  ['incr', write(2, (keys, [, key = '']) => add(keys, key, 1))],
  ['decr', write(2, (keys, [, key = '']) => add(keys, key, -1))],
  ['incrby', write(3, (keys, [, key = '', by = '']) => add(keys, key, Number(by)))],
  ['decrby', write(3, (keys, [, key = '', by = '']) => add(keys, key, -Number(by)))],
  ['del', write(-2, (keys, [, ...names]) => integer(names.filter((key) => keys.get(key) && keys.delete(key)).length))],
  [
    'unlink',
    write(-2, (keys, [, ...names]) => integer(names.filter((key) => keys.get(key) && keys.delete(key)).length)),
  ],
  ['exists', read(-2, (keys, [, ...names]) => integer(names.filter((key) => keys.get(key)).length))],
  ['type', read(2, (keys, [, key = '']) => ({ kind: 'status', value: keys.get(key)?.type ?? 'none' }))],
  ['rename', write(3, (keys, [, from = '', to = '']) => (keys.rename(from, to) ? OK : NO_SUCH_KEY))],
  ['keys', read(2, (keys, [, pattern = '']) => list(keys.keys().filter((key) => globOf(pattern)(key))))],
  ['scan', read(-2, scan)],
  ['dbsize', read(1, (keys) => integer(keys.keys().length))],
  ['expire', write(-3, (keys, [, key = '', seconds = ''], now) => expireAt(keys, key, now + Number(seconds) * 1000))],
  ['pexpire', write(-3, (keys, [, key = '', ms = ''], now) => expireAt(keys, key, now + Number(ms)))],
  ['expireat', write(-3, (keys, [, key = '', seconds = '']) => expireAt(keys, key, Number(seconds) * 1000))],
  ['pexpireat', write(-3, (keys, [, key = '', ms = '']) => expireAt(keys, key, Number(ms)))],
  ['persist', write(2, persist)],
  ['ttl', read(2, (keys, [, key = ''], now) => timeLeft(keys, key, now, 1000))],
  ['pttl', read(2, (keys, [, key = ''], now) => timeLeft(keys, key, now, 1))],
  ['flushdb', write(-1, clear)],
  ['flushall', write(-1, clear)],
  ['lpush', write(-3, (keys, words) => push(keys, words, (items, value) => items.unshift(value)))],
  ['rpush', write(-3, (keys, words) => push(keys, words, (items, value) => items.push(value)))],
  ['lpop', write(-2, (keys, words) => pop(keys, words, (items) => items.shift()))],
  ['rpop', write(-2, (keys, words) => pop(keys, words, (items) => items.pop()))],
  ['llen', read(2, (keys, [, key = '']) => integer(keys.find(key, 'list')?.items.length ?? 0))],
  ['lindex', read(3, (keys, [, key = '', at = '']) => textReply(keys.find(key, 'list')?.items.at(Number(at))))],
  ['lrange', read(4, (keys, [, key = '', ...range]) => list(slice(keys.find(key, 'list')?.items ?? [], range)))],
  ['hset', write(-4, hashSet)],
  ['hmset', write(-4, (keys, words) => (hashSet(keys, words).kind === 'error' ? SYNTAX : OK))],
  ['hget', read(3, (keys, [, key = '', field = '']) => textReply(keys.find(key, 'hash')?.fields.get(field)))],
  [
    'hmget',
    read(-3, (keys, [, key = '', ...names]) => list(names.map((name) => keys.find(key, 'hash')?.fields.get(name)))),
  ],
  ['hgetall', read(2, (keys, [, key = '']) => list([...(keys.find(key, 'hash')?.fields ?? [])].flat()))],
  ['hkeys', read(2, (keys, [, key = '']) => list([...(keys.find(key, 'hash')?.fields.keys() ?? [])]))],
  ['hvals', read(2, (keys, [, key = '']) => list([...(keys.find(key, 'hash')?.fields.values() ?? [])]))],
  ['hlen', read(2, (keys, [, key = '']) => integer(keys.find(key, 'hash')?.fields.size ?? 0))],
  ['hexists', read(3, (keys, [, key = '', field = '']) => integer(keys.find(key, 'hash')?.fields.has(field) ? 1 : 0))],
  ['hdel', write(-3, (keys, [, key = '', ...names]) => without(keys, key, names, keys.find(key, 'hash')?.fields))],
  ['sadd', write(-3, setAdd)],
  ['srem', write(-3, (keys, [, key = '', ...names]) => without(keys, key, names, keys.find(key, 'set')?.members))],
  ['smembers', read(2, (keys, [, key = '']) => list([...(keys.find(key, 'set')?.members ?? [])]))],
  ['sismember', read(3, (keys, [, key = '', name = '']) => integer(keys.find(key, 'set')?.members.has(name) ? 1 : 0))],
  ['scard', read(2, (keys, [, key = '']) => integer(keys.find(key, 'set')?.members.size ?? 0))],
  ['zadd', write(-4, scoreAdd)],
  ['zrem', write(-3, (keys, [, key = '', ...names]) => without(keys, key, names, keys.find(key, 'zset')?.scores))],
  ['zcard', read(2, (keys, [, key = '']) => integer(keys.find(key, 'zset')?.scores.size ?? 0))],
  [
    'zscore',
    read(3, (keys, [, key = '', name = '']) => textReply(keys.find(key, 'zset')?.scores.get(name)?.toString())),
  ],
  ['zrange', read(-4, scoreRange)],
]);

function clear(keys: Keyspace): Reply {
  keys.clear();
  return OK;
}

function textOf(keys: Keyspace, key: string): string | undefined {
  const value = keys.get(key);
  return value?.type === 'string' ? value.text : undefined;
}

function set(keys: Keyspace, [, key = '', value = '', ...options]: readonly string[], now: number): Reply {
  let end: number | undefined;
  let keepsEnd = false;
  let answersOld = false;
  const old = keys.get(key);
  for (let i = 0; i < options.length; i++) {
    const option = options[i]?.toUpperCase();
    if (option === 'NX' && old !== undefined) return NOTHING;
    if (option === 'XX' && old === undefined) return NOTHING;
    if (option === 'EX' || option === 'PX') {
      const amount = Number(options[++i]);
      if (!Number.isInteger(amount)) return NOT_INTEGER;
      if (amount <= 0) return failure("ERR invalid expire time in 'set' command");
      end = now + amount * (option === 'EX' ? 1000 : 1);
    } else if (option === 'KEEPTTL') keepsEnd = true;
    else if (option === 'GET') answersOld = true;
    else if (option !== 'NX' && option !== 'XX') return SYNTAX;
  }
  const before = answersOld ? textReply(keys.find(key, 'string')?.text) : OK;
  keys.set(key, value);
  if (!keepsEnd) keys.setEnd(key, end);
  return before;
}

function getSet(keys: Keyspace, [, key = '', value = '']: readonly string[]): Reply {
  const old = keys.find(key, 'string')?.text;
  keys.set(key, value);
  keys.setEnd(key, undefined);
  return textReply(old);
}

function getDelete(keys: Keyspace, [, key = '']: readonly string[]): Reply {
  const old = keys.find(key, 'string')?.text;
  if (old !== undefined) keys.delete(key);
  return textReply(old);
}

function multipleSet(keys: Keyspace, [, ...pairs]: readonly string[]): Reply {
  if (pairs.length % 2 === 1) return failure("ERR wrong number of arguments for 'mset' command");
  for (let i = 0; i < pairs.length; i += 2) keys.set(pairs[i] ?? '', pairs[i + 1] ?? '');
  return OK;
}

function append(keys: Keyspace, [, key = '', more = '']: readonly string[]): Reply {
  const value = keys.obtain(key, 'string');
  value.text += more;
  keys.touched(key);
  return integer(value.text.length);
}

function add(keys: Keyspace, key: string, by: number): Reply {
  const known = keys.find(key, 'string');
  const current = Number(known?.text ?? '0');
  if (!Number.isSafeInteger(current) || known?.text.trim() === '' || !Number.isSafeInteger(by)) return NOT_INTEGER;
  const sum = current + by;
  if (!Number.isSafeInteger(sum)) return failure('ERR increment or decrement would overflow');
  if (known === undefined) keys.set(key, String(sum));
  else {
    known.text = String(sum);
    keys.touched(key);
  }
  return integer(sum);
}

function scan(keys: Keyspace, words: readonly string[]): Reply {
  const at = words.findIndex((word) => word.toUpperCase() === 'MATCH');
  const matches = at < 0 ? () => true : globOf(words[at + 1] ?? '*');
  return { kind: 'list', value: [textReply('0'), list(keys.keys().filter(matches))] };
}

/** `*`, `?` and `[…]`, in time linear in pattern and text. */
function globOf(pattern: string): (text: string) => boolean {
  return (text) => {
    let [p, t, star, mark] = [0, 0, -1, 0];
    while (t < text.length) {
      const step = p < pattern.length && pattern[p] !== '*' ? matchOne(pattern, p, text[t] ?? '') : undefined;
      if (step !== undefined) {
        p = step;
        t++;
      } else if (pattern[p] === '*') {
        star = p++;
        mark = t;
      } else if (star >= 0) {
        p = star + 1;
        t = ++mark;
      } else return false;
    }
    while (pattern[p] === '*') p++;
    return p >= pattern.length;
  };
}

/** Where the pattern goes on when its next element takes the character. */
function matchOne(pattern: string, at: number, character: string): number | undefined {
  const own = pattern[at];
  if (own === '?') return at + 1;
  if (own === '\\') return pattern[at + 1] === character ? at + 2 : undefined;
  const end = own === '[' ? pattern.indexOf(']', at + 1) : -1;
  if (end < 0) return own === character ? at + 1 : undefined;
  const inside = pattern.slice(at + 1, end);
  const negated = inside.startsWith('^');
  return inside.slice(negated ? 1 : 0).includes(character) !== negated ? end + 1 : undefined;
}

function expireAt(keys: Keyspace, key: string, at: number): Reply {
  if (!Number.isFinite(at)) return NOT_INTEGER;
  if (keys.get(key) === undefined) return integer(0);
  keys.setEnd(key, at);
  return integer(1);
}

function persist(keys: Keyspace, [, key = '']: readonly string[]): Reply {
  if (keys.get(key) === undefined || keys.end(key) === undefined) return integer(0);
  keys.setEnd(key, undefined);
  return integer(1);
}

function timeLeft(keys: Keyspace, key: string, now: number, unit: number): Reply {
  if (keys.get(key) === undefined) return integer(-2);
  const end = keys.end(key);
  return integer(end === undefined ? -1 : Math.round((end - now) / unit));
}

function push(
  keys: Keyspace,
  [, key = '', ...values]: readonly string[],
  put: (items: string[], value: string) => void,
): Reply {
  const { items } = keys.obtain(key, 'list');
  for (const value of values) put(items, value);
  keys.touched(key);
  return integer(items.length);
}

function pop(
  keys: Keyspace,
  [, key = '', count]: readonly string[],
  take: (items: string[]) => string | undefined,
): Reply {
  const found = keys.find(key, 'list');
  if (found === undefined) return NOTHING;
  if (count !== undefined && !/^\d+$/.test(count)) return NOT_INTEGER;
  const most = Math.min(Number(count ?? 1), found.items.length);
  const taken = Array.from({ length: most }, () => take(found.items));
  keys.touched(key);
  return count === undefined ? textReply(taken[0]) : list(taken);
}

/** Redis' ranges: both ends count, negative ones from the end. */
function slice<T>(items: readonly T[], [start = '0', stop = '-1']: readonly string[]): T[] {
  const last = Number(stop);
  return items.slice(Number(start), last === -1 ? undefined : last + 1);
}

function hashSet(keys: Keyspace, [, key = '', ...pairs]: readonly string[]): Reply {
  if (pairs.length % 2 === 1) return failure("ERR wrong number of arguments for 'hset' command");
  const { fields } = keys.obtain(key, 'hash');
  const before = fields.size;
  for (let i = 0; i < pairs.length; i += 2) fields.set(pairs[i] ?? '', pairs[i + 1] ?? '');
  keys.touched(key);
  return integer(fields.size - before);
}

function setAdd(keys: Keyspace, [, key = '', ...names]: readonly string[]): Reply {
  const { members } = keys.obtain(key, 'set');
  const before = members.size;
  for (const name of names) members.add(name);
  keys.touched(key);
  return integer(members.size - before);
}

function without(
  keys: Keyspace,
  key: string,
  names: readonly string[],
  from: { delete(name: string): boolean } | undefined,
): Reply {
  const gone = names.filter((name) => from?.delete(name)).length;
  if (gone > 0) keys.touched(key);
  return integer(gone);
}

function scoreAdd(keys: Keyspace, [, key = '', ...pairs]: readonly string[]): Reply {
  if (pairs.length % 2 === 1) return SYNTAX;
  for (let i = 0; i < pairs.length; i += 2) {
    if (!Number.isFinite(Number(pairs[i]))) return failure('ERR value is not a valid float');
  }
  const { scores } = keys.obtain(key, 'zset');
  const before = scores.size;
  for (let i = 0; i < pairs.length; i += 2) scores.set(pairs[i + 1] ?? '', Number(pairs[i]));
  keys.touched(key);
  return integer(scores.size - before);
}

function scoreRange(keys: Keyspace, [, key = '', start = '0', stop = '-1', ...options]: readonly string[]): Reply {
  const scores = [...(keys.find(key, 'zset')?.scores ?? [])].sort(
    ([a, x], [b, y]) => x - y || (a < b ? -1 : a > b ? 1 : 0),
  );
  const wanted = options.map((option) => option.toUpperCase());
  if (wanted.includes('REV')) scores.reverse();
  const chosen = slice(scores, [start, stop]);
  return list(chosen.flatMap(([name, score]) => (wanted.includes('WITHSCORES') ? [name, String(score)] : [name])));
}
