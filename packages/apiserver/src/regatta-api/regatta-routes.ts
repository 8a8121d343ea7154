/**
 * Which of Regatta's own paths this server has: a new one is a file beside this and a line here.
 */
import type { BusConnection } from '@regatta/bus';
import type { ServerContext } from '../server/context.ts';
import { type JoinOptions, joinRoute } from './join.ts';
import type { RegattaRoute } from './route-table.ts';

export interface RegattaParts {
  readonly context: ServerContext;
  /** The apiserver's own connection; undefined when it speaks HTTPS alone. */
  readonly bus: BusConnection | undefined;
  /** How machines join; undefined when they can't. */
  readonly join: JoinOptions | undefined;
}

export function regattaRoutes({ context, join }: RegattaParts): readonly RegattaRoute[] {
  return [...(join ? [joinRoute(context, join)] : [])];
}
