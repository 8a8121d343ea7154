/**
 * Lists show one state, the one that their resourceVersion says, also when they come in pages and the server died in between; and
 * revisions agree with real time, over all objects.
 */
import { differences } from './check-watches.ts';
import type { History, ListRecord, Operation, Violation, WatchRecord } from './operation.ts';
import type { RevisionLog } from './revision-log.ts';

/** Violations told of one kind. */
const MAX_TOLD = 5;

export function checkList(list: ListRecord, log: RevisionLog): Violation[] {
  const [revision = 0] = list.revisions;
  const told = (rule: string, message: string): Violation => ({
    rule,
    message: `list of ${list.namespace} by ${list.client} at ${revision}: ${message}`,
  });
  const violations: Violation[] = [];
  if (list.revisions.some((page) => page !== revision))
    violations.push(told('HIST-21', `its pages are of ${list.revisions.join(', ')}`));
  if (list.asked?.match === 'Exact' && list.asked.revision !== revision)
    violations.push(told('HIST-22', `exactly ${list.asked.revision} was asked for`));
  if (list.asked?.match === 'NotOlderThan' && list.asked.revision > revision)
    violations.push(told('HIST-22', `not older than ${list.asked.revision} was asked for`));
  const wrong = differences(list.items, log, list.namespace, revision);
  violations.push(...wrong.slice(0, MAX_TOLD).map((message) => told('HIST-20', message)));
  return violations;
}

/** Something that stands at one point of the order of revisions, and happened between two times. */
interface Point {
  readonly revision: number;
  readonly start: number;
  readonly end: number;
  readonly what: string;
  /** Writes are after all that was seen before they began, fresh reads at least there; what is old may be anywhere. */
  readonly kind: 'write' | 'fresh' | 'old';
}

/**
 * Whatever is asked for after something was answered is later in the order of revisions: writes have higher ones than anybody
 * had seen, lists of the newest state show at least those.
 */
export function checkRealTime({ operations, lists, watches }: History): Violation[] {
  const points = [...answers(operations), ...listed(lists), ...watched(watches)];
  const byEnd = [...points].sort((a, b) => a.end - b.end);
  const byStart = points.filter(({ kind }) => kind !== 'old').sort((a, b) => a.start - b.start);
  const violations: Violation[] = [];
  let ended = 0;
  let highest: Point | undefined;
  for (const point of byStart) {
    for (let earlier = byEnd[ended]; earlier && earlier.end < point.start; earlier = byEnd[++ended])
      if (!highest || earlier.revision > highest.revision) highest = earlier;
    if (!highest) continue;
    const late = point.kind === 'fresh' ? point.revision < highest.revision : point.revision <= highest.revision;
    if (!late) continue;
    const message = `${point.what} is at ${point.revision}, but began after ${highest.what} had shown ${highest.revision}`;
    violations.push({ rule: 'HIST-3', message });
  }
  return violations.slice(0, MAX_TOLD);
}

/** A get shows when its object was written last, not how new the state is: of that the search for an order judges. */
function answers(operations: readonly Operation[]): Point[] {
  return operations.flatMap(({ client, key, call, outcome, start, end }): Point[] => {
    if (outcome.type !== 'ok' || !outcome.version) return [];
    const kind = call.kind === 'get' ? 'old' : 'write';
    return [{ revision: outcome.version.revision, start, end, what: `${client}'s ${call.kind} of ${key}`, kind }];
  });
}

function listed(lists: readonly ListRecord[]): Point[] {
  return lists.map(({ client, namespace, asked, revisions, start, end }) => {
    const kind = asked?.match === 'Exact' ? 'old' : 'fresh';
    return { revision: revisions[0] ?? 0, start, end, what: `${client}'s list of ${namespace}`, kind };
  });
}

function watched(watches: readonly WatchRecord[]): Point[] {
  return watches.flatMap(({ client, namespace, connections }) =>
    connections
      .flatMap(({ events }) => events)
      .map((event) => {
        const revision = event.type === 'BOOKMARK' ? event.revision : event.item.revision;
        const { at } = event;
        return { revision, start: at, end: at, what: `${client}'s watch of ${namespace}`, kind: 'old' };
      }),
  );
}
