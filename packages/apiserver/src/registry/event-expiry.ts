/**
 * Events live an hour of cluster time after their last write (upstream: --event-ttl, an etcd lease per Event). Here a
 * sweeper removes them with ordinary deletes.
 *
 * Owns: one timer. Invariant: at most EXPIRY_BATCH deletes are under way, so that a flood of old Events never crowds out others.
 */
import type { KubeObject } from '@regatta/api';
import type { Timer } from '@regatta/runtime';
import type { ServerContext } from '../server/context.ts';
import { type StoredObject, storageKey } from '../storage/object-storage.ts';

const TTL = 3_600_000;
/** Real milliseconds between two sweeps. */
const INTERVAL = 30_000;
/** Real milliseconds before the first: out of the way of a start, and in time for a cluster that runs for seconds. */
const FIRST = 1_000;
export const EXPIRY_BATCH = 256;
const EVENTS = storageKey('', 'events');

interface EventTimes extends KubeObject {
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly lastObservedTime?: string | null };
}

/** What a sweep needs of the server. */
export type ExpiringServer = Pick<ServerContext, 'storage' | 'clock' | 'logger'>;

/** Sweeps until the returned function is called. */
export function expireEvents(server: ExpiringServer): () => void {
  let timer: Timer | undefined;
  let stopped = false;
  const arm = (delay: number): void => {
    if (!stopped) timer = server.clock.real.setTimer(delay, () => void sweep(server).then(() => arm(INTERVAL)));
  };
  arm(FIRST);
  return () => {
    stopped = true;
    timer?.cancel();
  };
}

/** Removes what is over now. Never rejects: what fails is tried again by the next sweep. */
export async function sweep(server: ExpiringServer): Promise<void> {
  const listed = await server.storage.list(EVENTS, { matches: (object) => isOver(server, object) });
  for (let i = 0; i < listed.items.length; i += EXPIRY_BATCH) {
    await Promise.all(listed.items.slice(i, i + EXPIRY_BATCH).map((item) => remove(server, item)));
  }
}

function isOver(server: ExpiringServer, object: EventTimes): boolean {
  const { creationTimestamp } = object.metadata;
  const latest = [creationTimestamp, object.lastTimestamp, object.eventTime, object.series?.lastObservedTime]
    .map((time) => (time ? Date.parse(time) : Number.NaN))
    .filter((time) => !Number.isNaN(time));
  return latest.length > 0 && server.clock.elapsed(Math.max(...latest)) > TTL;
}

async function remove(server: ExpiringServer, item: StoredObject): Promise<void> {
  try {
    await server.storage.update(item.key, (current) =>
      current && isOver(server, current.object) ? 'delete' : 'unchanged',
    );
  } catch (error) {
    server.logger.debug('an event was not expired', { key: item.key, error });
  }
}
