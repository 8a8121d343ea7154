/**
 * A request as flow control sees it: which schema it fell under, what tells its flow from others, what it takes.
 */
import type { UserInfo } from '../auth/identity.ts';
import type { RequestInfo } from '../server/request-info.ts';
import type { FlowFigures } from './flow-figures.ts';
import type { PriorityLevel } from './priority-level.ts';

/** A FlowSchema in use. */
export interface SchemaInUse {
  readonly name: string;
  readonly level: PriorityLevel;
  /** What tells its flows apart (FlowDistinguisherMethod); nothing when left out. */
  readonly by: string | undefined;
  /** Of every answer that it lets through or refuses. */
  readonly headers: Readonly<Record<string, string>>;
  readonly figures: FlowFigures;
}

export interface FlowTicket {
  readonly schema: SchemaInUse;
  readonly distinguisher: string;
  /** Who asks, for what is held by user: bodies, answers. */
  readonly user: string;
  readonly asked: { readonly user: UserInfo; readonly info: RequestInfo };
  /** 0: it takes time alone. */
  readonly seats: number;
  readonly kind: 'readOnly' | 'mutating' | 'longRunning';
  /** The caller no longer waits for an answer. */
  gone(): boolean;
}
