/**
 * What one client does, by chance: reads, creates, compare-and-swaps, patches, applies, deletes and lists of a few objects that
 * all fight for, or of many. The same seed makes the same choices; what comes of them depends on the others.
 */
import type { Random } from '@regatta/runtime';
import type { ObservedClient } from './observed-client.ts';
import type { Call } from './operation.ts';

export interface TrafficOptions {
  readonly client: ObservedClient;
  readonly random: Random;
  readonly namespaces: readonly { readonly name: string; readonly objects: number }[];
  /** Longest pause between two requests, milliseconds. */
  readonly pause: number;
  /** Ends when this aborts. */
  readonly signal: AbortSignal;
}

/** Milliseconds before the next request after one that nobody answered. */
const RETRY_MS = 40;
/** Revisions that this client lists exactly again are at most this much older than the newest it saw. */
const LOOK_BACK = 300;

export async function runTraffic(options: TrafficOptions): Promise<void> {
  const { client, random, namespaces, pause, signal } = options;
  const between = (limit: number): number => Math.floor(random.next() * limit);
  for (let i = 0; !signal.aborted; i++) {
    const { name, objects } = namespaces[between(namespaces.length)] ?? { name: '', objects: 0 };
    if (random.next() < 0.05) await someList(options, name);
    else {
      const key = `${name}/o${between(objects)}`;
      const { type } = await client.perform(key, someCall(options, key, i));
      if (type === 'unknown' || type === 'none') await sleep(RETRY_MS);
    }
    await sleep(random.next() * pause);
  }
}

function someCall({ client, random }: TrafficOptions, key: string, i: number): Call {
  const value = `${client.name}-${i}`;
  const expected = client.seen.get(key)?.revision;
  const swap = expected === undefined ? {} : { expected };
  const die = random.next();
  if (die < 0.28) return { kind: 'get' };
  if (die < 0.42) return { kind: 'create', data: { v: value } };
  if (die < 0.62) return expected === undefined ? { kind: 'get' } : { kind: 'update', data: { v: value }, expected };
  if (die < 0.74) return { kind: 'patch', set: { [`p-${client.name}`]: value } };
  if (die < 0.8) return { kind: 'patch', set: { [`p-${client.name}`]: value }, ...swap };
  if (die < 0.9) return { kind: 'apply', set: { [`a-${client.name}`]: value } };
  if (die < 0.95) return { kind: 'delete', ...swap };
  return { kind: 'delete' };
}

async function someList({ client, random, signal }: TrafficOptions, namespace: string): Promise<void> {
  const newest = Math.max(0, ...[...client.seen.values()].map(({ revision }) => revision));
  const die = random.next();
  if (die < 0.3 || newest === 0) await client.list(namespace, {}, signal);
  else if (die < 0.6) await client.list(namespace, { limit: 1 + Math.floor(random.next() * 7) }, signal);
  else if (die < 0.8) await client.list(namespace, { asked: { revision: newest, match: 'NotOlderThan' } }, signal);
  else {
    const revision = Math.max(newest - Math.floor(random.next() * LOOK_BACK), oldest(client));
    await client.list(namespace, { asked: { revision, match: 'Exact' } }, signal);
  }
}

/** A revision before which the objects of a run did not exist: nobody knows what stood there then. */
function oldest({ recorder }: ObservedClient): number {
  return Math.min(...recorder.watches.flatMap(({ connections }) => connections[0]?.since ?? []));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
