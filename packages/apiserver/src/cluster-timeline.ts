/**
 * The cluster's timeline (docs/decisions/0002): kept in the ConfigMap kube-system/regatta-clock, followed by this process,
 * changed by this process's clock.
 *
 * Invariant: a change counts from this server's now on. Whoever asked may have a clock that is minutes off; were that
 * clock's now taken, minutes of cluster time would come or go at once, and nodes with them.
 */
import { type KubeObject, statusErrors } from '@regatta/api';
import { constantTimeline, parseTimeline, type Timeline, withSpeed } from '@regatta/runtime';
import type { ServerContext } from './server/context.ts';
import { type ObjectEvent, storageKey } from './storage/object-storage.ts';

const NAMESPACE = 'kube-system';
const NAME = 'regatta-clock';
const CLOCK_KEY = storageKey('', 'configmaps', NAMESPACE, NAME);

type ClockMap = KubeObject & { readonly data?: Readonly<Record<string, string>> };

/** The ConfigMap of a cluster that has not begun. */
export function firstTimeline(speed: number): KubeObject {
  return {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: NAME, namespace: NAMESPACE },
    data: { timeline: JSON.stringify(constantTimeline(speed)) },
  } as KubeObject;
}

export interface SpeedChange {
  readonly before: number;
  readonly after: number;
}

/**
 * Changes the speed from now on. Resolves when the change is durable and holds in this process.
 * @param choose the next speed, for the timeline as it is; it may throw
 */
export async function changeSpeed(server: ServerContext, choose: (timeline: Timeline) => number): Promise<SpeedChange> {
  const change = { before: 1, after: 1 };
  await server.storage.update(CLOCK_KEY, (current) => {
    if (!current) throw statusErrors.notFound({ group: '', resource: 'configmaps' }, NAME);
    // One that cannot be read is replaced: nothing else would ever mend it.
    const timeline = timelineOf(server, current.object) ?? constantTimeline(1);
    change.before = lastSpeed(timeline);
    change.after = choose(timeline);
    if (change.before === change.after) return 'unchanged';
    const text = JSON.stringify(withSpeed(timeline, change.after, server.clock.now()));
    return { ...current.object, data: { timeline: text } } as KubeObject;
  });
  applyStoredTimeline(server);
  return change;
}

export function lastSpeed({ segments }: Timeline): number {
  return segments.at(-1)?.speed ?? 1;
}

/** The speed that held before a pause; undefined when the timeline remembers only pauses. */
export function speedBeforePause({ segments }: Timeline): number | undefined {
  return segments.findLast(({ speed }) => speed > 0)?.speed;
}

/** Keeps this server's own clock as the cluster has it. Returns how to stop. */
export function followTimeline(server: ServerContext): () => void {
  return server.storage.onEvent(CLOCK_KEY, (event: ObjectEvent) => {
    if (event.type !== 'DELETED' && event.current.key === CLOCK_KEY) applyTimeline(server, event.current.object);
  });
}

export function applyStoredTimeline(server: ServerContext): void {
  const stored = server.storage.get(CLOCK_KEY);
  if (stored) applyTimeline(server, stored.object);
}

function applyTimeline(server: ServerContext, object: ClockMap): void {
  const timeline = timelineOf(server, object);
  if (timeline) server.clock.apply(timeline);
}

function timelineOf(server: ServerContext, object: ClockMap): Timeline | undefined {
  try {
    return parseTimeline(object.data?.['timeline'] ?? '');
  } catch (error) {
    server.logger.error('the cluster clock cannot be read', { error });
    return undefined;
  }
}
