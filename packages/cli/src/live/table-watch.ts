/**
 * Rows of a resource as the server prints them (what `kubectl get --watch` shows), kept up to date: a Pod's STATUS is told
 * by one place, the server.
 *
 * Invariant: after a break everything is read again, and what went meanwhile goes here too.
 */
import { StatusError } from '@regatta/api';
import type { HttpTransport } from '@regatta/client';
import { Backoff, type Clock, sleep } from '@regatta/runtime';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const RETRY = { base: 200, max: 5_000 };
/** Rows beyond this are not kept: no terminal shows them. */
const MOST_ROWS = 20_000;

export interface WatchedRow {
  readonly name: string;
  readonly namespace: string;
  readonly creationTimestamp: string;
  /** By the column's name. */
  readonly cells: ReadonlyMap<string, string>;
}

interface Table {
  readonly columnDefinitions?: readonly { readonly name: string }[];
  readonly rows?: readonly {
    readonly cells: readonly unknown[];
    readonly object?: {
      readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly creationTimestamp?: string };
    };
  }[];
}

export interface TableWatchOptions {
  readonly transport: Pick<HttpTransport, 'watch'>;
  readonly clock: Clock;
  /** `/api/v1/pods`. */
  readonly path: string;
  onChange(): void;
}

export class TableWatch {
  readonly #options: TableWatchOptions;
  #rows = new Map<string, WatchedRow>();
  #columns: readonly string[] = [];
  /** Why there is nothing new: a refusal, or that nobody answers. */
  problem: string | undefined;

  constructor(options: TableWatchOptions) {
    this.#options = options;
  }

  /** In the order of their keys. */
  get rows(): readonly WatchedRow[] {
    return [...this.#rows].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row);
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, onChange } = this.#options;
    const pause = new Backoff(RETRY);
    while (!signal.aborted) {
      try {
        await this.#watch(signal, () => pause.reset(''));
      } catch (error) {
        if (signal.aborted) return;
        const refused = error instanceof StatusError && !(error.cause instanceof Error);
        this.problem = refused ? error.message : 'the API server does not answer';
      }
      onChange();
      await sleep(clock, pause.next(''), signal).catch(() => undefined);
    }
  }

  /** One connection: all that there is, a mark, then changes. */
  async #watch(signal: AbortSignal, worked: () => void): Promise<void> {
    const { transport, path, onChange } = this.#options;
    const query = 'watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
    const events = await transport.watch(
      { method: 'GET', url: `${path}?${query}`, headers: { accept: TABLE } },
      signal,
    );
    let fresh: Map<string, WatchedRow> | undefined = new Map();
    for await (const { type, object } of events) {
      if (type === 'ERROR') return;
      if (type === 'BOOKMARK') {
        if (fresh) this.#rows = fresh;
        fresh = undefined;
        this.problem = undefined;
        worked();
      } else this.#apply(fresh ?? this.#rows, type, object as Table);
      if (!fresh) onChange();
    }
  }

  #apply(rows: Map<string, WatchedRow>, type: string, table: Table): void {
    if (table.columnDefinitions) this.#columns = table.columnDefinitions.map(({ name }) => name);
    for (const { cells, object } of table.rows ?? []) {
      const { name = '', namespace = '', creationTimestamp = '' } = object?.metadata ?? {};
      const key = `${namespace}/${name}`;
      if (type === 'DELETED') rows.delete(key);
      else if (rows.has(key) || rows.size < MOST_ROWS) {
        const named = new Map(this.#columns.map((column, i) => [column, String(cells[i] ?? '')]));
        rows.set(key, { name, namespace, creationTimestamp, cells: named });
      }
    }
  }
}
