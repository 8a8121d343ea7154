/**
 * What goes on, and who is there: `regatta feed`, `who` and `live`.
 *
 *   GET /regatta/v1/feed[?follow=true][&since=<cursor>][&last=50][&namespace=x][&user=alice]
 *   GET /regatta/v1/who[?within=5m]
 *
 * The feed is a line of JSON an entry; an empty line every FEED_HEARTBEAT_MS says that the server is there. Everybody sees
 * what they might look at anyway: lines of namespaces whose Events they may list, lines of machines if they may list Nodes.
 */
import { statusErrors } from '@regatta/api';
import { type Clock, parseDuration } from '@regatta/runtime';
import type { Authorizer, UserInfo } from '../auth/identity.ts';
import { StreamPlaces } from '../connect/stream-places.ts';
import type { Feed } from '../feed/feed.ts';
import { FEED_LIMITS, type FeedEntry, type FeedScope, feedName } from '../feed/feed-entry.ts';
import type { ApiCall } from '../server/api-call.ts';
import type { StreamResponse, StreamSink } from '../server/exchange.ts';
import type { OpenSession, Person, Presence } from '../server/presence.ts';
import { queryFlag } from '../server/request-info.ts';
import { jsonResponse, type RegattaRoute } from './route-table.ts';

export const FEED_HEARTBEAT_MS = 10_000;
const DEFAULT_LAST = 50;
const DEFAULT_WITHIN_MS = 5 * 60_000;
/** What is worth telling of somebody's open requests; watches are everywhere. */
const TOLD_SESSIONS = new Set(['exec', 'attach', 'portforward', 'log']);

export interface FeedRoutesOptions {
  readonly feed: Feed;
  readonly presence: Presence;
  readonly authorizer: Authorizer;
  /** Real time. */
  readonly clock: Clock;
}

/** Readers that follow the feed: altogether, and of one user. Each line is looked at for each of them. */
export const FEED_READERS = { all: 500, ofOneUser: 20 } as const;

export function feedRoutes(options: FeedRoutesOptions): readonly RegattaRoute[] {
  const places = new StreamPlaces(FEED_READERS.all, FEED_READERS.ofOneUser);
  return [
    { method: 'GET', path: '/regatta/v1/feed', serve: ({ call }) => serveFeed(options, places, call) },
    { method: 'GET', path: '/regatta/v1/who', serve: ({ call }) => jsonResponse(who(options, call)) },
  ];
}

interface FeedQuery {
  readonly follow: boolean;
  readonly since: string | undefined;
  readonly last: number;
  readonly wanted: (entry: FeedEntry) => boolean;
}

function serveFeed(
  { feed, authorizer, clock }: FeedRoutesOptions,
  places: StreamPlaces,
  { info, user }: ApiCall,
): StreamResponse {
  const query = readQuery(info.query);
  // Whether there is a place is told now; it is taken when the answer really begins.
  places.take(user.name)();
  const sees = (entry: FeedEntry): boolean => query.wanted(entry) && maySee(authorizer, user, entry.scope);
  const { ring } = feed;
  const { from, missed } = ring.start(query.since, query.last);
  return {
    code: 200,
    headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' },
    stream: async (sink) => {
      if (missed > 0) await send(sink, { missed });
      if (!query.follow) {
        for (const entry of ring.entriesFrom(from)) if (sees(entry)) await send(sink, { entry });
        return;
      }
      const leave = places.take(user.name);
      const beat = heartbeat(clock, sink);
      try {
        for await (const item of ring.follow(from, sink.signal)) {
          if (!('entry' in item) || sees(item.entry)) await send(sink, item);
        }
      } finally {
        beat.stop();
        leave();
      }
    },
  };
}

function readQuery(query: URLSearchParams): FeedQuery {
  const last = Number(query.get('last') ?? DEFAULT_LAST);
  if (!Number.isInteger(last) || last < 0 || last > FEED_LIMITS.entries)
    throw statusErrors.badRequest(`query "last" must be a whole number from 0 to ${FEED_LIMITS.entries}`);
  const [namespace, user] = [query.get('namespace'), query.get('user')];
  return {
    follow: queryFlag(query, 'follow'),
    since: query.get('since') ?? undefined,
    last,
    wanted: ({ scope, who: name }) =>
      (namespace === null || (scope !== 'nodes' && scope.namespace === namespace)) && (user === null || name === user),
  };
}

async function send(sink: StreamSink, value: object): Promise<void> {
  sink.signal.throwIfAborted();
  if (!sink.write(Buffer.from(`${JSON.stringify(value)}\n`))) await sink.drained();
}

/** A reader that takes nothing gets no more of them than its connection holds. */
function heartbeat(clock: Clock, sink: StreamSink): { stop(): void } {
  let timer = clock.setTimer(FEED_HEARTBEAT_MS, beat);
  function beat(): void {
    if (sink.signal.aborted) return;
    sink.write(Buffer.from('\n'));
    timer = clock.setTimer(FEED_HEARTBEAT_MS, beat);
  }
  return { stop: () => timer.cancel() };
}

function maySee(authorizer: Authorizer, user: UserInfo, scope: FeedScope): boolean {
  const [resource, namespace] = scope === 'nodes' ? ['nodes', ''] : ['events', scope.namespace];
  const asked = {
    user,
    verb: 'list',
    isResource: true,
    path: '',
    group: '',
    version: 'v1',
    resource,
    subresource: '',
    namespace,
    name: '',
  };
  return authorizer.authorize(asked).verdict === 'allow';
}

function who({ presence, authorizer, clock }: FeedRoutesOptions, { info, user }: ApiCall): object {
  const text = info.query.get('within');
  const within = text === null ? DEFAULT_WITHIN_MS : parseDuration(text);
  if (within === undefined) throw statusErrors.badRequest('query "within" must be a duration, as "5m"');
  const now = clock.now();
  const people = presence
    .list(now - within)
    .map((person) => shown(person, now, (scope) => maySee(authorizer, user, scope)));
  return { people };
}

function shown(person: Person, now: number, sees: (scope: FeedScope) => boolean): object {
  const { name, seenAt, agent, namespace, requests, guest, sessions } = person;
  const told = [...sessions].filter(({ info }) => TOLD_SESSIONS.has(info.subresource));
  return {
    name: feedName(name),
    guest,
    idleMs: Math.max(0, now - seenAt),
    agent: feedName(agent),
    namespace: feedName(namespace),
    requests,
    watches: sessions.size - told.length,
    sessions: told
      .filter(({ info }) => sees({ namespace: info.namespace }))
      .map((session) => toldSession(session, now)),
  };
}

function toldSession({ info, since }: OpenSession, now: number): object {
  return { what: info.subresource, namespace: info.namespace, pod: feedName(info.name), forMs: now - since };
}
