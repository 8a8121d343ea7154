/**
 * What a history is made of: operations on single objects, lists, and watches, as clients saw them.
 *
 * Times are milliseconds of one monotonic clock that all clients share, so that "returned before it was called" has a meaning.
 * An object is its `data` and its resourceVersion; every write of a history puts a value in it that no other write uses.
 */
export type Data = Readonly<Record<string, string>>;
export type Call =
  | {
      readonly kind: 'create';
      readonly data: Data;
    }
  /** Replaces the data; `expected` is the resourceVersion that must stand. */
  | {
      readonly kind: 'update';
      readonly data: Data;
      readonly expected?: number;
    }
  | {
      readonly kind: 'patch';
      readonly set: Data;
      readonly expected?: number;
    }
  /** Server-side apply with force: sets, and creates what is not there. */
  | {
      readonly kind: 'apply';
      readonly set: Data;
    }
  | {
      readonly kind: 'delete';
      readonly expected?: number;
    }
  /** The newest state (no resourceVersion asked for). */
  | {
      readonly kind: 'get';
    };
/** Refusals that say something about the state they were decided on. */
export type Refusal = 'NotFound' | 'AlreadyExists' | 'Conflict';
export type Outcome =
  /** `version` is missing for deletes, which answer with the uid of what they deleted. */
  | {
      readonly type: 'ok';
      readonly version?: Version;
      readonly uid?: string;
    }
  | {
      readonly type: 'refused';
      readonly reason: Refusal;
    }
  /** Certainly not carried out, and tells nothing: no connection, too many requests. */
  | {
      readonly type: 'none';
      readonly message: string;
    }
  /** May have been carried out, may still be, or never. */
  | {
      readonly type: 'unknown';
      readonly message: string;
    };
/** An object's state at the revision that made it. */
export interface Version {
  readonly revision: number;
  readonly data: Data;
}
export interface Operation {
  readonly client: string;
  /** `namespace/name` */
  readonly key: string;
  readonly call: Call;
  readonly start: number;
  readonly end: number;
  readonly outcome: Outcome;
}
export interface Item extends Version {
  readonly key: string;
}
/** One list, its pages put together. Only lists that were answered to the end are recorded. */
export interface ListRecord {
  readonly client: string;
  readonly namespace: string;
  readonly start: number;
  /** When the first page was there: it is what decides the revision. */
  readonly end: number;
  /** What was asked for; undefined: the newest state. */
  readonly asked?: {
    readonly revision: number;
    readonly match: 'Exact' | 'NotOlderThan';
  };
  /** The resourceVersion of each page. */
  readonly revisions: readonly number[];
  readonly items: readonly Item[];
}
export type WatchedEvent =
  | {
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
      readonly at: number;
      readonly item: Item;
      readonly uid: string;
    }
  | {
      readonly type: 'BOOKMARK';
      readonly at: number;
      readonly revision: number;
      readonly initialEnd: boolean;
    };
/** One connection of a watch. */
export interface WatchConnection {
  /** The resourceVersion that it went on from; undefined: initial events were asked for. */
  readonly since: number | undefined;
  readonly opened: number;
  readonly events: WatchedEvent[];
}
/** A watch as its reader sees it: connection after connection, each from where the last one ended. */
export interface WatchRecord {
  readonly client: string;
  readonly namespace: string;
  readonly connections: WatchConnection[];
}
export interface History {
  readonly operations: readonly Operation[];
  readonly lists: readonly ListRecord[];
  readonly watches: readonly WatchRecord[];
}
/** A rule of docs/spec/history.md that a history breaks. */
export interface Violation {
  readonly rule: string;
  readonly message: string;
}
/** One text for equal data, whatever the order of its keys. */
export declare function canonical(data: Data): string;
