import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../src/mod.ts';

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1m30s', 90_000],
    ['1.5s', 1500],
    ['0s', 0],
  ])('RUN-20: %s is read', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '30', 's', '30 s', '-5s', '1s1m', '1s1s', '1e3s', '30sec', '١s', '0x10s', '.5s'])(
    'RUN-20: %j is no duration',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it.each([
    [0, '0ms'],
    [250, '250ms'],
    [1500, '1.5s'],
    [9999, '10s'],
    [30_000, '30s'],
    [89_600, '1m30s'],
    [3_600_000, '1h'],
    [86_399_999, '24h'],
  ])('RUN-20: %d ms is said as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
