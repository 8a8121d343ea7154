/**
 * The whole check of a recorded history (docs/spec/history.md).
 */
import { checkList, checkRealTime } from './check-lists.ts';
import { checkWatch } from './check-watches.ts';
import { checkLinearizable } from './linearizability.ts';
import { canonical, type History, type Operation, type Violation } from './operation.ts';
import { noteOperation, RevisionLog } from './revision-log.ts';

export interface CheckedHistory {
  readonly violations: readonly Violation[];
  /** Revisions that anybody told of. */
  readonly revisions: number;
  /** Configurations that the searches for an order went through. */
  readonly configurations: number;
}

export function checkHistory(history: History): CheckedHistory {
  const { log, violations } = unionOf(history);
  const order = checkObjects(history.operations, log);
  violations.push(
    ...order.violations,
    ...checkDeletions(history.operations, log),
    ...checkRealTime(history),
    ...history.lists.flatMap((list) => checkList(list, log)),
    ...history.watches.flatMap((watch) => checkWatch(watch, log)),
  );
  return { violations, revisions: log.size, configurations: order.configurations };
}

/** Everything that anybody was told, by revision. */
export function unionOf(history: History): { readonly log: RevisionLog; readonly violations: Violation[] } {
  const log = new RevisionLog();
  const violations: Violation[] = [];
  const add = (violation: Violation | undefined): void => {
    if (violation) violations.push(violation);
  };
  for (const operation of history.operations) add(noteOperation(log, operation));
  for (const { client, items } of history.lists) for (const item of items) add(log.noteItem(item, `${client}'s list`));
  for (const { client, connections } of history.watches) {
    for (const event of connections.flatMap(({ events }) => events)) {
      if (event.type === 'BOOKMARK') continue;
      const { key, revision, data } = event.item;
      if (event.type === 'DELETED') add(log.note({ key, revision, data: undefined, uid: event.uid }, client));
      else add(log.note({ key, revision, data }, `${client}'s watch`));
    }
  }
  return { log, violations };
}

function checkObjects(
  operations: readonly Operation[],
  log: RevisionLog,
): { readonly violations: Violation[]; readonly configurations: number } {
  const violations: Violation[] = [];
  let configurations = 0;
  const byKey = new Map<string, Operation[]>();
  for (const operation of operations) {
    const ofKey = byKey.get(operation.key);
    if (ofKey) ofKey.push(operation);
    else byKey.set(operation.key, [operation]);
  }
  for (const [key, ofKey] of byKey) {
    const verdict = checkLinearizable(ofKey, log.knownWrites(key));
    if (verdict.type === 'linearizable') configurations += verdict.configurations;
    else if (verdict.type === 'undecided') violations.push({ rule: 'HIST-1', message: `${key}: undecided` });
    else {
      const { data, revision, floor } = verdict.state;
      const state = data ? `${canonical(data)} at ${revision ?? `more than ${floor}`}` : `nothing (after ${floor})`;
      const stuck = verdict.stuck.map((operation) => JSON.stringify(operation)).join('\n  ');
      violations.push({ rule: 'HIST-1', message: `${key}: after ${state} none of these can be next:\n  ${stuck}` });
    }
  }
  return { violations, configurations };
}

/** Each acknowledged delete is one deletion that watches told of, and no object is deleted twice (HIST-4). */
function checkDeletions(operations: readonly Operation[], log: RevisionLog): Violation[] {
  const told = new Set<string>();
  for (const key of log.keys()) for (const { uid } of log.of(key)) if (uid !== undefined) told.add(uid);
  const acknowledged = new Map<string, Operation>();
  const violations: Violation[] = [];
  for (const operation of operations) {
    const { client, key, outcome } = operation;
    if (operation.call.kind !== 'delete' || outcome.type !== 'ok' || outcome.uid === undefined) continue;
    const other = acknowledged.get(outcome.uid);
    if (other)
      violations.push({
        rule: 'HIST-4',
        message: `${client} and ${other.client} both deleted ${key} (${outcome.uid})`,
      });
    acknowledged.set(outcome.uid, operation);
    if (!told.has(outcome.uid))
      violations.push({ rule: 'HIST-4', message: `no watch told that ${client} deleted ${key} (${outcome.uid})` });
  }
  return violations;
}
