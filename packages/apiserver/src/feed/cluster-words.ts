/**
 * What the cluster does, in words: from Events that components record, and from Nodes as they come, go and fall silent.
 */
import type { Event, Node } from '@regatta/api';
import { type FeedLine, feedName, feedText } from './feed-entry.ts';

/** On Events that a guest wrote: they are no word of the cluster (admission: GuestLimits). */
export const GUEST_EVENT = 'regatta.dev/guest-event';

/** Of type Normal, what people want to see; the rest is the daily work of controllers and kubelets. */
const TELLING = new Set([
  'Scheduled',
  'ScalingReplicaSet',
  'SuccessfulRescale',
  'TaintManagerEviction',
  'Preempted',
  'Rebooted',
  'Completed',
  'SuspendedJob',
  'ProvisioningSucceeded',
  'FaultInjected',
  'FaultHealed',
]);
/** Told better by the Node itself, or over and over again. */
const DULL = new Set([
  'NodeNotReady',
  'NodeReady',
  'Unhealthy',
  'FailedToUpdateEndpoint',
  'FailedToUpdateEndpointSlices',
  'ReconcileError',
]);
/** Events of faults that a person asked the API for: that person's own line is there. */
const BY_PERSON = /, by [^,]*$/;
/** Kubelets tell a Pod's namespace and uid behind its name. */
const POD_IDENTITY = /_[a-z0-9.-]+\([0-9a-f-]{36}\)/g;
const FAULTS = new Set(['FaultInjected', 'FaultHealed']);

/** Undefined for what is not worth a line. */
export function eventLine(event: Event): FeedLine | undefined {
  const { reason = '', type, message = '', involvedObject, metadata } = event;
  if (DULL.has(reason) || (type !== 'Warning' && !TELLING.has(reason))) return undefined;
  if (metadata.annotations?.[GUEST_EVENT] !== undefined) return undefined;
  const scope = involvedObject.kind === 'Node' ? 'nodes' : { namespace: metadata.namespace ?? 'default' };
  const tone = type === 'Warning' ? 'bad' : 'plain';
  if (FAULTS.has(reason)) {
    if (BY_PERSON.test(message.replace(/ \(until [^)]*\)$/, ''))) return undefined;
    return {
      kind: 'did',
      who: 'host',
      text: feedText(message),
      tone: reason === 'FaultHealed' ? 'good' : 'bad',
      scope,
    };
  }
  const name = feedName(involvedObject.name ?? '');
  const what = scope === 'nodes' ? name : `${(involvedObject.kind ?? '').toLowerCase()} ${name}`;
  const words = shortWords(event, what) ?? `${what}: ${reason}: ${message.replace(POD_IDENTITY, '')}`;
  const where = scope === 'nodes' ? '' : ` (${feedName(scope.namespace)})`;
  return { kind: 'happened', who: 'cluster', text: feedText(`${words}${where}`), tone, scope };
}

/** Of what comes often. */
function shortWords({ reason, message = '' }: Event, what: string): string | undefined {
  switch (reason) {
    case 'TaintManagerEviction':
      return `${what} is evicted`;
    case 'Rebooted':
      return `${what} rebooted`;
    case 'ScalingReplicaSet':
      return `${what}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
    case 'Scheduled': {
      const node = / to (\S+)$/.exec(message)?.[1];
      return node === undefined ? undefined : `${what} → ${feedName(node)}`;
    }
    default:
      return undefined;
  }
}

type Readiness = 'True' | 'False' | 'Unknown' | undefined;

export function readiness(node: Node | undefined): Readiness {
  const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  return ready === 'True' || ready === 'False' || ready === 'Unknown' ? ready : undefined;
}

/** @param pods how many Pods are on the node, when anybody counted */
export function nodeLine(
  change: 'ADDED' | 'MODIFIED' | 'DELETED',
  node: Node,
  previous: Node | undefined,
  pods: () => number | undefined,
): FeedLine | undefined {
  const { name } = node.metadata;
  if (change === 'ADDED') return line(`${feedName(name)} joined`, 'good');
  if (change === 'DELETED') return line(`${feedName(name)} is removed`, 'bad');
  const [before, now] = [readiness(previous), readiness(node)];
  if (before === now) return undefined;
  if (now === 'True') return line(`${feedName(name)} Ready`, 'good');
  if (before !== 'True') return undefined;
  const count = pods();
  const reach =
    count === undefined
      ? ''
      : `: ${count} Pod${count === 1 ? '' : 's'} ${now === 'Unknown' ? 'unreachable' : 'affected'}`;
  return line(`${feedName(name)} NotReady${reach}`, 'bad');
}

function line(text: string, tone: FeedLine['tone']): FeedLine {
  return { kind: 'happened', who: 'cluster', text: feedText(text), tone, scope: 'nodes' };
}
