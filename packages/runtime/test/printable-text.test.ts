/** Others' text on one's own terminal. */
import { describe, expect, it } from 'vitest';
import { clipped, inColumns, printable, seededRandom, textWidth } from '../src/mod.ts';

describe('printable text', () => {
  it.each([
    ['plain text stays', 'pod "web-1" is Running', 'pod "web-1" is Running'],
    ['so do letters of all languages', 'Grüße 世界 ελληνικά', 'Grüße 世界 ελληνικά'],
    ['escape sequences', '\x1b[2J\x1b]0;title\x07red', '\uFFFD[2J\uFFFD]0;title\uFFFDred'],
    ['C1 controls, which are escape sequences too', '\x9b31mred\x9c', '\uFFFD31mred\uFFFD'],
    ['lines', 'one\r\ntwo\tthree', 'one two three'],
    ['backspaces and deletes', 'a\b\x7fb', 'a\uFFFD\uFFFDb'],
    ['other line ends', 'a\u2028b\u2029c\x85d', 'a\uFFFDb\uFFFDc\uFFFDd'],
    ['turned writing', 'a\u202Eb\u2066c\u200Fd\u061Ce', 'a\uFFFDb\uFFFDc\uFFFDd\uFFFDe'],
    ['what is not seen', 'a\u200Bb\uFEFFc\u00ADd\u{E0041}e', 'a\uFFFDb\uFFFDc\uFFFDd\uFFFDe'],
    ['half a character', 'a\uD800b', 'a\uFFFDb'],
    ['piles of marks', `a${'\u0301'.repeat(50)}b`, 'a\u0301\u0301b'],
    ['spaces that are none', 'a\u3000b\u00A0c\u2800d', 'a b c d'],
  ])('RUN-30: %s', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('RUN-30: whatever comes in, nothing comes out that a terminal obeys (seed 41)', () => {
    const random = seededRandom(41);
    for (let round = 0; round < 2000; round++) {
      const codes = Array.from({ length: 20 }, () =>
        Math.floor(random.next() * (random.next() < 0.5 ? 0x300 : 0x110000)),
      );
      const shown = printable(String.fromCodePoint(...codes));
      expect(shown, `seed 41, round ${round}: ${codes.join(' ')}`).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expect(printable(shown)).toBe(shown);
    }
  });

  it('RUN-31: text is measured and cut in columns', () => {
    expect(['abc', '世界', 'e\u0301', '🚀x'].map(textWidth)).toEqual([3, 4, 1, 3]);
    expect([clipped('abcdef', 4), clipped('abcd', 4), clipped('世界世', 4), clipped('ab', 0)]).toEqual([
      'abc…',
      'abcd',
      '世…',
      '',
    ]);
    expect([inColumns('ab', 4), inColumns('世界世', 4)]).toEqual(['ab  ', '世… ']);
  });
});
