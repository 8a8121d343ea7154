/**
 * `regatta feed`: who did what, and what the cluster did about it. `regatta who`: who is there.
 */
import { inColumns, printable } from '@regatta/runtime';
import type { Environment } from '../environment.ts';
import type { Io } from '../io.ts';
import { table } from '../table.ts';
import { FeedLines, shortTime, WHO_COLUMNS } from '../workshop/feed-line.ts';
import { type FeedEntry, type FeedItem, readFeed } from '../workshop/feed-source.ts';
import { withCluster } from '../workshop/reach.ts';

export interface FeedOptions {
  readonly follow: boolean;
  readonly ns?: string;
  readonly user?: string;
  readonly last: number;
  readonly json: boolean;
}

/** `regatta feed`. */
export function feed(
  { io, clock, layout }: Environment,
  { follow, ns, user, last, json }: FeedOptions,
): Promise<number> {
  return withCluster(layout, async (cluster) => {
    const lines = new FeedLines();
    let count = 0;
    for await (const item of readFeed(
      cluster,
      clock,
      { follow, namespace: ns, user, last },
      new AbortController().signal,
    )) {
      count++;
      if (json) printJson(io, item);
      else printItem(io, lines, item);
    }
    if (count === 0 && !json) io.print('Nothing has happened yet. `regatta feed -f` goes on looking.');
    return 0;
  });
}

function printItem(io: Io, lines: FeedLines, item: FeedItem): void {
  if ('entry' in item) return printEntry(io, lines, item.entry);
  if ('missed' in item) return io.print(io.style('dim', `(${item.missed} earlier lines are gone)`));
  const text = item.connection === 'lost' ? 'the API server does not answer; waiting for it' : 'it answers again';
  io.print(io.style('dim', `(${text})`));
}

function printEntry(io: Io, lines: FeedLines, entry: FeedEntry): void {
  const { time, since, who, text } = lines.columns(entry);
  const name = io.style(entry.kind === 'did' ? 'strong' : 'dim', inColumns(who, WHO_COLUMNS));
  const said = entry.tone === 'plain' ? text : io.style(entry.tone, text);
  io.print(`${io.style('dim', `${time}  ${since.padStart(6)}`)}  ${name}  ${said}`);
}

/** Everything beyond ASCII is escaped: it may be read on a terminal too. */
function printJson(io: Io, item: FeedItem): void {
  const text = JSON.stringify('entry' in item ? item.entry : item);
  io.print(text.replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`));
}

interface Person {
  readonly name: string;
  readonly guest: boolean;
  readonly idleMs: number;
  readonly agent: string;
  readonly namespace: string;
  readonly watches: number;
  readonly sessions: readonly {
    readonly what: string;
    readonly namespace: string;
    readonly pod: string;
    readonly forMs: number;
  }[];
}

/** `regatta who`. */
export function who({ io, layout }: Environment, json: boolean): Promise<number> {
  return withCluster(layout, async ({ client }) => {
    const { people } = (await client.request({ method: 'GET', url: '/regatta/v1/who' })) as { people: Person[] };
    if (json) {
      printJsonValue(io, people);
      return 0;
    }
    const rows = people.map((person) => [
      person.name,
      person.guest ? 'guest' : 'host',
      `${shortTime(person.idleMs)} ago`,
      shortAgent(person.agent),
      person.namespace || '-',
      doing(person),
    ]);
    io.print(table(['WHO', 'ROLE', 'SEEN', 'WITH', 'NAMESPACE', 'DOES'], rows));
    return 0;
  });
}

function printJsonValue(io: Io, value: unknown): void {
  io.print(
    JSON.stringify(value, undefined, 2).replace(
      /[^\x20-\x7e\n]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  );
}

/** `kubectl/v1.35.0` from `kubectl/v1.35.0 (linux/amd64) kubernetes/…`. */
function shortAgent(agent: string): string {
  return printable(agent).split(' ')[0] || '-';
}

const WORDS: Readonly<Record<string, string>> = {
  exec: 'in a shell of',
  attach: 'attached to',
  portforward: 'forwards a port of',
  log: 'reads the log of',
};

function doing({ sessions, watches }: Person): string {
  const told = sessions.map(
    ({ what, namespace, pod, forMs }) => `${WORDS[what] ?? what} ${namespace}/${pod} (${shortTime(forMs)})`,
  );
  if (watches > 0) told.push(`watches (${watches})`);
  return told.join(', ') || '-';
}
