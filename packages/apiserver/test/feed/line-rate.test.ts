/** How fast one source may fill the feed, and how much is remembered. */
import { FakeClock } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { FEED_LIMITS, type FeedLine } from '../../src/feed/feed-entry.ts';
import { FeedRing } from '../../src/feed/feed-ring.ts';
import { LineRate } from '../../src/feed/line-rate.ts';

function line(who: string, text: string): FeedLine {
  return { kind: 'did', who, text, tone: 'plain', scope: 'nodes' };
}

describe('the rate of a source', () => {
  it('WS-33: a burst is shown, what is beyond is counted and told in one line; others notice nothing', async () => {
    const clock = new FakeClock();
    const shown: string[] = [];
    const rate = new LineRate(clock, ({ who, text }) => shown.push(`${who} ${text}`));
    for (let i = 0; i < FEED_LIMITS.burst + 240; i++) rate.add('alice', () => line('alice', `did ${i}`));
    rate.add('bob', () => line('bob', 'did one'));
    expect(shown).toHaveLength(FEED_LIMITS.burst + 1);
    await clock.advance(FEED_LIMITS.countMs);
    expect(shown.slice(FEED_LIMITS.burst)).toEqual(['bob did one', 'alice 240 more']);
    await clock.advance(10_000);
    rate.add('alice', () => line('alice', 'did it again'));
    expect(shown.at(-1)).toBe('alice did it again');
    rate.close();
  });

  it('WS-33: one line that was held back is told as it is; what is no line costs nothing', async () => {
    const clock = new FakeClock();
    const shown: string[] = [];
    const rate = new LineRate(clock, ({ text }) => shown.push(text));
    for (let i = 0; i < 100; i++) rate.add('alice', () => undefined);
    for (let i = 0; i <= FEED_LIMITS.burst; i++) rate.add('alice', () => line('alice', `did ${i}`));
    await clock.advance(FEED_LIMITS.countMs);
    expect(shown.at(-1)).toBe(`did ${FEED_LIMITS.burst}`);
    rate.close();
  });

  it('WS-33: sources beyond the limit share one budget, until earlier ones are quiet', async () => {
    const clock = new FakeClock();
    let shown = 0;
    const rate = new LineRate(clock, () => shown++);
    for (let i = 0; i < FEED_LIMITS.sources + 500; i++) rate.add(`user-${i}`, () => line(`user-${i}`, 'x'));
    expect(shown).toBeLessThanOrEqual(FEED_LIMITS.sources + FEED_LIMITS.burst);
    await clock.advance(60_000);
    const before = shown;
    rate.add('newcomer', () => line('newcomer', 'x'));
    expect(shown).toBe(before + 1);
    rate.close();
  });
});

describe('the ring', () => {
  const filled = (count: number, id = 'a'): FeedRing => {
    const ring = new FeedRing(id);
    for (let i = 1; i <= count; i++) ring.add(line('alice', String(i)), i, i);
    return ring;
  };
  const texts = (ring: FeedRing, from: number): string[] => ring.entriesFrom(from).map(({ text }) => text);

  it('WS-32: remembers so many lines, and begins with the last ones or after a cursor', () => {
    const ring = filled(FEED_LIMITS.entries + 5);
    expect(ring.entriesFrom(0)).toHaveLength(FEED_LIMITS.entries);
    expect(texts(ring, ring.start(undefined, 2).from)).toEqual(['2004', '2005']);
    expect(ring.start('a-2003', 50)).toEqual({ from: 2004, missed: 0 });
    expect(ring.start('a-2', 50)).toEqual({ from: 6, missed: 3 });
    expect(ring.start('a-2005', 50)).toEqual({ from: 2006, missed: 0 });
  });

  it.each(['b-3', 'a-', 'a-x', 'a-99', '', '-'])(
    'WS-32: after the cursor %j of another ring all that is there comes',
    (cursor) => {
      expect(texts(filled(3), filled(3).start(cursor, 1).from)).toEqual(['1', '2', '3']);
    },
  );

  it('WS-32: who follows gets what comes, and is told what went by meanwhile; readers hold nothing', async () => {
    const ring = filled(1);
    const end = new AbortController();
    const reader = ring.follow(1, end.signal);
    expect((await reader.next()).value).toMatchObject({ entry: { text: '1' } });
    const waiting = reader.next();
    ring.add(line('alice', '2'), 2, 2);
    expect((await waiting).value).toMatchObject({ entry: { text: '2' } });
    for (let i = 0; i < FEED_LIMITS.entries + 7; i++) ring.add(line('alice', 'x'), 3, 3);
    expect((await reader.next()).value).toEqual({ missed: 7 });
    end.abort();
    const last = filled(0).follow(1, end.signal);
    expect((await last.next()).done).toBe(true);
  });
});
