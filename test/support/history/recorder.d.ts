import type { Call, History, ListRecord, Operation, Outcome, WatchConnection, WatchRecord } from './operation.ts';
export declare class HistoryRecorder implements History {
  readonly operations: Operation[];
  readonly lists: ListRecord[];
  readonly watches: WatchRecord[];
  now(): number;
  /** Carries out and records one operation. */
  record(client: string, key: string, call: Call, carryOut: () => Promise<Outcome>): Promise<Outcome>;
  /** Begins a watch; its connections are added to it as they are made. */
  watch(client: string, namespace: string): WatchRecord;
  connection(watch: WatchRecord, since: number | undefined): WatchConnection;
  get events(): number;
}
/** Writes a history as JSON lines to a new temporary file, with what tells how it was made. @returns the file */
export declare function saveHistory({ operations, lists, watches }: History, about: object): string;
/** Reads what `saveHistory` wrote. */
export declare function loadHistory(file: string): History;
