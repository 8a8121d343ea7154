/**
 * Keeps one source from filling the feed: so many lines at once, then a few a second; what is beyond is counted and told
 * in one line ("240 more").
 *
 * Invariant: at most FEED_LIMITS.sources are told apart; all others share one budget.
 */
import type { Clock, Timer } from '@regatta/runtime';
import { FEED_LIMITS, type FeedLine } from './feed-entry.ts';

interface Source {
  tokens: number;
  filledAt: number;
  skipped: number;
  last: FeedLine | undefined;
}

const OTHERS = '\0others';

export class LineRate {
  readonly #clock: Pick<Clock, 'monotonic' | 'setTimer'>;
  readonly #show: (line: FeedLine) => void;
  readonly #sources = new Map<string, Source>();
  #timer: Timer | undefined;

  constructor(clock: Pick<Clock, 'monotonic' | 'setTimer'>, show: (line: FeedLine) => void) {
    this.#clock = clock;
    this.#show = show;
  }

  /**
   * Shows the line, or counts it.
   * @param make called only for a line that is shown, or for the first of those counted; may find that there is none
   */
  add(key: string, make: () => FeedLine | undefined): void {
    const source = this.#source(key);
    if (source.tokens >= 1 && source.skipped === 0) {
      const line = make();
      if (!line) return;
      source.tokens--;
      this.#show(line);
      return;
    }
    source.last ??= make();
    if (!source.last) return;
    source.skipped++;
    this.#timer ??= this.#clock.setTimer(FEED_LIMITS.countMs, () => this.#tell());
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #tell(): void {
    this.#timer = undefined;
    for (const source of this.#sources.values()) {
      const { skipped, last } = source;
      if (skipped === 0 || !last) continue;
      source.skipped = 0;
      source.last = undefined;
      this.#show(skipped === 1 ? last : { ...last, text: `${skipped} more`, tone: 'plain' });
    }
  }

  #source(key: string): Source {
    const now = this.#clock.monotonic();
    const known = this.#sources.get(key) ?? this.#newSource(key, now);
    known.tokens = Math.min(FEED_LIMITS.burst, known.tokens + ((now - known.filledAt) / 1000) * FEED_LIMITS.perSecond);
    known.filledAt = now;
    return known;
  }

  #newSource(key: string, now: number): Source {
    if (this.#sources.size >= FEED_LIMITS.sources) this.#forgetQuiet();
    const named = this.#sources.size < FEED_LIMITS.sources ? key : OTHERS;
    const known = this.#sources.get(named);
    if (known) return known;
    const fresh: Source = { tokens: FEED_LIMITS.burst, filledAt: now, skipped: 0, last: undefined };
    this.#sources.set(named, fresh);
    return fresh;
  }

  #forgetQuiet(): void {
    const now = this.#clock.monotonic();
    const full = (FEED_LIMITS.burst / FEED_LIMITS.perSecond) * 1000;
    for (const [key, { skipped, filledAt }] of this.#sources) {
      if (skipped === 0 && now - filledAt > full) this.#sources.delete(key);
    }
  }
}
