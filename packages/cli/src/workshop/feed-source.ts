/**
 * The cluster's feed as it comes, also over restarts of the API server: where the line breaks, it is taken up again after
 * the last entry that was seen.
 */
import { StatusError } from '@regatta/api';
import { Backoff, type Clock, sleep } from '@regatta/runtime';
import type { ConnectedClient } from '../api.ts';
import { CliError } from '../cli-error.ts';

export interface FeedEntry {
  readonly cursor: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Cluster milliseconds; only differences of one ring mean anything. */
  readonly clusterMs: number;
  readonly kind: 'did' | 'happened';
  readonly who: string;
  readonly text: string;
  readonly tone: 'good' | 'bad' | 'plain';
  readonly scope: { readonly namespace: string } | 'nodes';
}

export type FeedItem =
  | { readonly entry: FeedEntry }
  /** So many lines are gone. */
  | { readonly missed: number }
  /** The server went away, or is there again. */
  | { readonly connection: 'lost' | 'back' };

export interface FeedRequest {
  readonly follow: boolean;
  readonly namespace?: string | undefined;
  readonly user?: string | undefined;
  /** How many of the past. */
  readonly last: number;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
const FEED = 'feed';
const LONGEST_LINE = 64 * 1024;

/** @throws CliError when the server refuses; ends when nothing is to be followed, or the signal aborts */
export async function* readFeed(
  { transport }: Pick<ConnectedClient, 'transport'>,
  clock: Clock,
  request: FeedRequest,
  signal: AbortSignal,
): AsyncGenerator<FeedItem, void, void> {
  const pause = new Backoff({ base: FIRST_PAUSE_MS, max: LONGEST_PAUSE_MS });
  let since: string | undefined;
  let lost = false;
  while (!signal.aborted) {
    try {
      const lines = await transport.download(pathOf(request, since), signal);
      if (lost) yield { connection: 'back' };
      lost = false;
      for await (const item of items(lines)) {
        pause.reset(FEED);
        if ('entry' in item) since = item.entry.cursor;
        yield item;
        if (signal.aborted) return;
      }
      if (!request.follow) return;
    } catch (error) {
      if (signal.aborted) return;
      if (!request.follow || isRefusal(error)) throw error;
    }
    if (!lost) yield { connection: 'lost' };
    lost = true;
    await sleep(clock, pause.next(FEED), signal).catch(() => undefined);
  }
}

/** An answer that trying again does not change. */
function isRefusal(error: unknown): boolean {
  return error instanceof StatusError && [400, 401, 403, 404].includes(error.status.code ?? 0);
}

function pathOf({ follow, namespace, user, last }: FeedRequest, since: string | undefined): string {
  const query = new URLSearchParams({
    follow: String(follow),
    last: String(last),
    ...(namespace === undefined ? {} : { namespace }),
    ...(user === undefined ? {} : { user }),
    ...(since === undefined ? {} : { since }),
  });
  return `/regatta/v1/feed?${query}`;
}

async function* items(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<FeedItem, void, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) throw new CliError('What the server sends is no feed.');
    for (const line of lines) if (line !== '') yield JSON.parse(line) as FeedItem;
  }
}
