/**
 * What a watch promises (HIST-10 …), checked against everything that is known to have been written: ordered, unique, reliable,
 * atomic, resumable, bookmarkable, and telling the truth of what was before.
 */
import { canonical, type Violation, type WatchConnection, type WatchedEvent, type WatchRecord } from './operation.ts';
import { firstAfter, type LogEntry, type RevisionLog } from './revision-log.ts';

/** Violations told of one watch; a broken one breaks at every event. */
const MAX_TOLD = 5;

type ObjectEvent = Exclude<WatchedEvent, { type: 'BOOKMARK' }>;

export function checkWatch(watch: WatchRecord, log: RevisionLog): Violation[] {
  return new WatchCheck(watch, log).run();
}

class WatchCheck {
  readonly #violations: Violation[] = [];
  readonly #writes: readonly LogEntry[];
  /** Everything up to this revision was delivered, or must have been. */
  #position = 0;
  /** Of initial events: the state that they tell, until the bookmark that ends them. */
  #initial: Map<string, ObjectEvent> | undefined;

  constructor(
    readonly watch: WatchRecord,
    readonly log: RevisionLog,
  ) {
    this.#writes = log.in(watch.namespace);
  }

  run(): Violation[] {
    for (const [index, connection] of this.watch.connections.entries()) this.#connection(connection, index);
    return this.#violations.slice(0, MAX_TOLD);
  }

  #connection(connection: WatchConnection, index: number): void {
    if (connection.since === undefined) this.#initial = new Map();
    else {
      this.#initial = undefined;
      if (index > 0 && connection.since !== this.#position)
        this.#tell('HIST-14', `connection ${index} went on from ${connection.since}, not from ${this.#position}`);
      this.#position = connection.since;
    }
    for (const event of connection.events) {
      if (event.type === 'BOOKMARK') this.#bookmark(event.revision, event.initialEnd);
      else if (this.#initial) this.#initialEvent(event, this.#initial);
      else this.#event(event);
    }
  }

  #event(event: ObjectEvent): void {
    const { key, revision } = event.item;
    if (revision === this.#position) return this.#tell('HIST-11', `${event.type} of ${key} at ${revision} came twice`);
    if (revision < this.#position)
      return this.#tell('HIST-10', `${event.type} of ${key} at ${revision} came after ${this.#position}`);
    this.#expectNothingBetween(this.#position, revision, `${event.type} of ${key} at ${revision}`);
    this.#position = revision;
    this.#truth(event);
  }

  /** ADDED, MODIFIED or DELETED must be what the object's former state makes of it. */
  #truth({ type, item }: ObjectEvent): void {
    const before = this.log.at(item.key, item.revision - 1);
    const here = this.log.at(item.key, item.revision);
    const expected = here?.data === undefined ? 'DELETED' : before?.data === undefined ? 'ADDED' : 'MODIFIED';
    if (type !== expected)
      return this.#tell('HIST-15', `${item.key} at ${item.revision} was told as ${type}, and is ${expected}`);
    const last = type === 'DELETED' ? before?.data : here?.data;
    if (!last || canonical(last) !== canonical(item.data))
      this.#tell('HIST-15', `${type} of ${item.key} at ${item.revision} tells ${canonical(item.data)}`);
  }

  #bookmark(revision: number, initialEnd: boolean): void {
    if (this.#initial) {
      if (!initialEnd) return;
      this.#compareInitial(this.#initial, revision);
      this.#initial = undefined;
      if (revision < this.#position)
        this.#tell('HIST-16', `the initial state is of ${revision}, before ${this.#position} that was delivered`);
      this.#position = revision;
      return;
    }
    if (revision < this.#position)
      return this.#tell('HIST-13', `a bookmark says ${revision} after ${this.#position} was delivered`);
    this.#expectNothingBetween(this.#position, revision + 1, `the bookmark ${revision}`, 'HIST-13');
    this.#position = revision;
  }

  #initialEvent(event: ObjectEvent, initial: Map<string, ObjectEvent>): void {
    const { key } = event.item;
    if (event.type !== 'ADDED') this.#tell('HIST-16', `${event.type} of ${key} among initial events`);
    if (initial.has(key)) this.#tell('HIST-16', `${key} twice among initial events`);
    initial.set(key, event);
  }

  #compareInitial(initial: ReadonlyMap<string, ObjectEvent>, revision: number): void {
    const items = [...initial.values()].map(({ item }) => item);
    for (const message of differences(items, this.log, this.watch.namespace, revision))
      this.#tell('HIST-16', `initial events of ${revision}: ${message}`);
  }

  /** Reliable: no write lies strictly between two revisions that the watch passed without telling. */
  #expectNothingBetween(after: number, before: number, next: string, rule = 'HIST-12'): void {
    let at = firstAfter(this.#writes, after);
    for (;;) {
      const missing = this.#writes[at++];
      if (!missing || missing.revision >= before) return;
      const what = missing.data ? `write ${missing.revision} of` : `deletion ${missing.revision} of`;
      this.#tell(rule, `${what} ${missing.key} is missing between ${after} and ${next}`);
    }
  }

  #tell(rule: string, message: string): void {
    const { client, namespace } = this.watch;
    this.#violations.push({ rule, message: `watch of ${namespace} by ${client}: ${message}` });
  }
}

/** What a list or initial events get wrong about the state at a revision. */
export function differences(
  items: readonly { readonly key: string; readonly revision: number }[],
  log: RevisionLog,
  namespace: string,
  revision: number,
): string[] {
  const expected = log.stateAt(namespace, revision);
  const wrong: string[] = [];
  for (const { key, revision: shown } of items) {
    const entry = expected.get(key);
    if (!entry) wrong.push(`${key} at ${shown} is there, and was deleted or not yet made`);
    else if (entry.revision !== shown) wrong.push(`${key} is shown at ${shown}, and stood at ${entry.revision}`);
    expected.delete(key);
  }
  for (const { key, revision: stood } of expected.values()) wrong.push(`${key}, which stood at ${stood}, is missing`);
  return wrong;
}
