/**
 * A feed entry as a person reads it:
 *
 *   10:02:03         alice             killed node-2
 *   10:02:07   +40s  cluster           node-2 NotReady: 4 Pods unreachable
 *
 * The second column is cluster time since somebody last did something: what a cluster at speed 1 would have taken.
 */
import { clipped, printable } from '@regatta/runtime';
import type { FeedEntry } from './feed-source.ts';

/** `kubernetes-admin` fits. */
export const WHO_COLUMNS = 16;
/** What happens later has another cause. */
const LONGEST_SINCE_MS = 3_600_000;

export interface FeedColumns {
  readonly time: string;
  /** Empty, or `+40s`. */
  readonly since: string;
  readonly who: string;
  readonly text: string;
}

/** Remembers what was done last. */
export class FeedLines {
  #ring = '';
  #didAt: number | undefined;

  columns({ cursor, at, clusterMs, kind, who, text }: FeedEntry): FeedColumns {
    const [ring = ''] = cursor.split('-');
    if (ring !== this.#ring) this.#didAt = undefined;
    this.#ring = ring;
    const passed = this.#didAt === undefined ? Number.POSITIVE_INFINITY : clusterMs - this.#didAt;
    const since = kind === 'happened' && passed <= LONGEST_SINCE_MS ? `+${shortTime(passed)}` : '';
    if (kind === 'did') this.#didAt = clusterMs;
    return { time: timeOf(at), since, who: clipped(printable(who), WHO_COLUMNS), text: printable(text) };
  }
}

/** `14:03:07` of this machine. */
function timeOf(epochMs: number): string {
  return new Date(epochMs).toTimeString().slice(0, 8);
}

/** `40s`, `5m20s`, `2h05m`: from milliseconds. */
export function shortTime(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  if (hours === 0) return `${minutes}m${String(seconds % 60).padStart(2, '0')}s`;
  return `${hours}h${String(minutes % 60).padStart(2, '0')}m`;
}
