/**
 * Records a history while it happens. Every time is of one monotonic clock, taken before a request leaves and after its answer.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Call, History, ListRecord, Operation, Outcome, WatchConnection, WatchRecord } from './operation.ts';

export class HistoryRecorder implements History {
  readonly operations: Operation[] = [];
  readonly lists: ListRecord[] = [];
  readonly watches: WatchRecord[] = [];

  now(): number {
    return performance.now();
  }

  /** Carries out and records one operation. */
  async record(client: string, key: string, call: Call, carryOut: () => Promise<Outcome>): Promise<Outcome> {
    const start = this.now();
    const outcome = await carryOut();
    this.operations.push({ client, key, call, start, end: this.now(), outcome });
    return outcome;
  }

  /** Begins a watch; its connections are added to it as they are made. */
  watch(client: string, namespace: string): WatchRecord {
    const watch: WatchRecord = { client, namespace, connections: [] };
    this.watches.push(watch);
    return watch;
  }

  connection(watch: WatchRecord, since: number | undefined): WatchConnection {
    const connection: WatchConnection = { since, opened: this.now(), events: [] };
    watch.connections.push(connection);
    return connection;
  }

  get events(): number {
    return this.watches.reduce(
      (sum, { connections }) => sum + connections.reduce((all, { events }) => all + events.length, 0),
      0,
    );
  }
}

/** Writes a history as JSON lines to a new temporary file, with what tells how it was made. @returns the file */
export function saveHistory({ operations, lists, watches }: History, about: object): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-history-'));
  const file = path.join(dir, 'history.jsonl');
  const out = fs.openSync(file, 'w');
  const line = (record: string, value: object): number =>
    fs.writeSync(out, `${JSON.stringify({ record, ...value })}\n`);
  line('run', about);
  for (const operation of operations) line('operation', operation);
  for (const list of lists) line('list', list);
  for (const watch of watches) line('watch', watch);
  fs.closeSync(out);
  return file;
}

/** Reads what `saveHistory` wrote. */
export function loadHistory(file: string): History {
  const history = { operations: [] as Operation[], lists: [] as ListRecord[], watches: [] as WatchRecord[] };
  for (const text of fs.readFileSync(file, 'utf8').split('\n')) {
    if (text === '') continue;
    const { record, ...value } = JSON.parse(text) as { record: string };
    if (record === 'operation') history.operations.push(value as unknown as Operation);
    if (record === 'list') history.lists.push(value as unknown as ListRecord);
    if (record === 'watch') history.watches.push(value as unknown as WatchRecord);
  }
  return history;
}
