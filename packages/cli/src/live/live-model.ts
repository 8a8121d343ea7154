/**
 * What a live view shows, as values: nodes with their Pods, Pods, faults, the feed.
 */
import { effectInShort, type FaultList } from '@regatta/bus';
import type { FeedColumns } from '../workshop/feed-line.ts';
import type { FeedEntry } from '../workshop/feed-source.ts';
import type { WatchedRow } from './table-watch.ts';

/** Lines of the feed that are kept. */
export const FEED_KEPT = 500;

/** How a Pod is doing, as far as a colour can say it. */
export type Health = 'good' | 'waiting' | 'bad' | 'lost' | 'done';

export interface LivePod {
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  readonly ready: string;
  readonly status: string;
  readonly restarts: string;
  readonly createdAt: number;
  readonly health: Health;
}

export interface LiveNode {
  readonly name: string;
  readonly status: string;
  readonly ready: boolean;
  /** `frozen`, `cut off`, `delay 200ms`. */
  readonly faults: readonly string[];
  readonly pods: readonly LivePod[];
}

export interface LiveFeedLine extends FeedColumns {
  readonly kind: FeedEntry['kind'];
  readonly tone: FeedEntry['tone'];
}

export interface LiveModel {
  readonly cluster: string;
  readonly user: string;
  readonly nodes: readonly LiveNode[];
  readonly pods: readonly LivePod[];
  readonly feed: readonly LiveFeedLine[];
  /** What can't be shown, and why. */
  readonly problem: string | undefined;
}

const GOOD = new Set(['Running']);
const DONE = new Set(['Completed', 'Succeeded']);
const WAITING = /^(Pending|ContainerCreating|PodInitializing|Init:\d|SchedulingGated|Terminating|NotReady)/;

export function podOf({ name, namespace, creationTimestamp, cells }: WatchedRow): LivePod {
  const status = cells.get('Status') ?? '';
  const ready = cells.get('Ready') ?? '';
  const node = cells.get('Node') ?? '';
  return {
    name,
    namespace,
    node: node === '<none>' ? '' : node,
    ready,
    status,
    restarts: (cells.get('Restarts') ?? '').split(' ')[0] ?? '',
    createdAt: Date.parse(creationTimestamp),
    health: healthOf(status, ready),
  };
}

function healthOf(status: string, ready: string): Health {
  if (status === 'Unknown') return 'lost';
  if (DONE.has(status)) return 'done';
  if (WAITING.test(status)) return 'waiting';
  if (!GOOD.has(status)) return 'bad';
  const [have, want] = ready.split('/');
  return have === want ? 'good' : 'waiting';
}

/** Nodes with what runs on them. */
export function nodesOf(
  rows: readonly WatchedRow[],
  pods: readonly LivePod[],
  faults: FaultList | undefined,
): LiveNode[] {
  const byNode = new Map<string, LivePod[]>();
  for (const pod of pods) byNode.set(pod.node, [...(byNode.get(pod.node) ?? []), pod]);
  return rows.map(({ name, cells }) => {
    const status = cells.get('Status') ?? '';
    return {
      name,
      status,
      ready: status.split(',')[0] === 'Ready',
      faults: faultsOf(name, faults),
      pods: byNode.get(name) ?? [],
    };
  });
}

function faultsOf(node: string, list: FaultList | undefined): string[] {
  if (!list) return [];
  const links = list.faults.filter(({ on, peers }) => on === node || peers.includes(node));
  const told = links.map(({ effect, peers, on }) => {
    if (effect.drop === 1 && peers.length === 0) return 'cut off';
    const others = on === node ? peers : [on];
    return `${effectInShort(effect)}${others.length === 0 ? '' : ` (${others.join(', ')})`}`;
  });
  const frozen = list.frozen.some(({ name }) => name === node) ? ['frozen'] : [];
  const silent = list.silent.includes(node) && frozen.length === 0 ? ['silent'] : [];
  return [...new Set([...frozen, ...silent, ...told])];
}
