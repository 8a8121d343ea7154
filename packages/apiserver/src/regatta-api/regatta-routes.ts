/**
 * Which of Regatta's own paths this server has: a new one is a file beside this and a line here.
 */

import { askEndpoint, type BusConnection, FaultDesk } from '@regatta/bus';
import { resources } from '@regatta/client';
import type { Clock } from '@regatta/runtime';
import { currentObjects } from '../admission/current-objects.ts';
import type { ServerContext } from '../server/context.ts';
import { storageKey } from '../storage/object-storage.ts';
import { recordFault } from './fault-events.ts';
import { faultRoutes } from './fault-routes.ts';
import { type FeedRoutesOptions, feedRoutes } from './feed-routes.ts';
import { type GuestRoutesOptions, guestRoutes } from './guest-routes.ts';
import { type JoinOptions, joinRoute } from './join.ts';
import type { RegattaRoute } from './route-table.ts';
import { snapshotRoute } from './snapshot.ts';
import { speedRoute } from './speed.ts';

export interface RegattaParts {
  readonly context: ServerContext;
  /** Real time. */
  readonly clock: Clock;
  /** The apiserver's own connection; undefined when it speaks HTTPS alone. */
  readonly bus: BusConnection | undefined;
  /** How machines join; undefined when they can't. */
  readonly join: JoinOptions | undefined;
  readonly guests: GuestRoutesOptions;
  readonly feed: FeedRoutesOptions;
}

export function regattaRoutes({ context, clock, bus, join, guests, feed }: RegattaParts): readonly RegattaRoute[] {
  return [
    speedRoute(context),
    snapshotRoute(context.storage),
    ...guestRoutes(guests),
    ...feedRoutes(feed),
    ...(bus ? faultsOverBus(context, clock, bus) : []),
    ...(join ? [joinRoute(context, join)] : []),
  ];
}

function faultsOverBus(context: ServerContext, clock: Clock, bus: BusConnection): readonly RegattaRoute[] {
  const { storage, logger } = context;
  const desk = new FaultDesk({
    ask: (user, command, options) => askEndpoint(bus, user, command, options),
    nodes: () => currentObjects(storage, resources.nodes).map(({ metadata }) => metadata.name),
    clock,
  });
  return faultRoutes({
    desk,
    clock,
    hasNode: (name) => storage.get(storageKey('', 'nodes', undefined, name)) !== undefined,
    record: (report, by) => recordFault(context, report, by),
    onLateFailure: (error) => logger.warn('a fault of this process could not be set', { error }),
  });
}
