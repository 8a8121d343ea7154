/**
 * A line of the feed: who did what, or what the cluster did about it.
 *
 * Invariant: every text in it is printable; names and messages that people chose are cut at FEED_LIMITS.text.
 */
import { clipped, printable } from '@regatta/runtime';

export const FEED_LIMITS = {
  /** Entries that are remembered for those who come or come back. */
  entries: 2_000,
  /** Columns of a text. */
  text: 200,
  name: 63,
  /** Lines of one source at once, and how many a second after that; the rest is counted. */
  burst: 10,
  perSecond: 2,
  /** How long what was not shown is counted before it is told, real milliseconds. */
  countMs: 2_000,
  /** Sources that are counted apart. */
  sources: 1_000,
} as const;

/** What somebody must be allowed to look at to see a line: Events of a namespace, or Nodes. */
export type FeedScope = { readonly namespace: string } | 'nodes';

export interface FeedLine {
  /** A person did it, or it happened. */
  readonly kind: 'did' | 'happened';
  /** The person, `host`, or `cluster`. */
  readonly who: string;
  readonly text: string;
  readonly tone: 'good' | 'bad' | 'plain';
  readonly scope: FeedScope;
}

export interface FeedEntry extends FeedLine {
  /** Where to go on after it. */
  readonly cursor: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Cluster milliseconds since this server began: only differences within a ring mean anything. */
  readonly clusterMs: number;
}

export function feedName(text: string): string {
  return clipped(printable(text), FEED_LIMITS.name);
}

export function feedText(text: string): string {
  return clipped(printable(text), FEED_LIMITS.text);
}
