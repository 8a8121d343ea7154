import { nextTime, parseCronSchedule, scheduleProblem } from '@regatta/api';
import { describe, expect, it } from 'vitest';

describe('schedules', () => {
  it.each(['*/5 * * * *', '0 0 1 jan sun', '1-10/2,30 ? * * mon-fri', '@daily', '@every 1h30m'])(
    'KIND-16: %s can be read',
    (schedule) => expect(scheduleProblem(schedule)).toBeUndefined(),
  );

  it.each([
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ['@never', 'unrecognized descriptor: @never'],
  ])('KIND-16: %s can not', (schedule, why) => expect(scheduleProblem(schedule)).toBe(why));
});

describe('times of schedules', () => {
  const next = (schedule: string, after: string, zone?: string): string | undefined => {
    const time = nextTime(parseCronSchedule(schedule), Date.parse(after), zone);
    return time === undefined ? undefined : new Date(time).toISOString().slice(0, 16);
  };

  it.each([
    ['* * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:01'],
    ['* * * * *', '2026-01-01T00:00:59.999Z', '2026-01-01T00:01'],
    ['*/15 * * * *', '2026-01-01T00:46:00Z', '2026-01-01T01:00'],
    ['7/20 3 * * *', '2026-01-01T03:30:00Z', '2026-01-01T03:47'],
    ['@hourly', '2026-12-31T23:30:00Z', '2027-01-01T00:00'],
    ['@weekly', '2026-01-01T00:00:00Z', '2026-01-04T00:00'],
    ['0 0 29 2 *', '2026-03-01T00:00:00Z', '2028-02-29T00:00'],
    ['0 0 13 * fri', '2026-01-01T00:00:00Z', '2026-01-02T00:00'],
    ['0 0 13 * *', '2026-01-01T00:00:00Z', '2026-01-13T00:00'],
    ['0 12 */2 * mon', '2026-01-01T13:00:00Z', '2026-01-03T12:00'],
    ['0 0 30 2 *', '2026-01-01T00:00:00Z', undefined],
  ])('CM-175: %s after %s is %s', (schedule, after, expected) => expect(next(schedule, after)).toBe(expected));

  it('CM-175: @every counts from the last time, in whole seconds', () => {
    const every = parseCronSchedule('@every 1h30m1.9s');
    expect(nextTime(every, 500)).toBe(5_401_000);
    expect(nextTime(parseCronSchedule('@every 1ms'), 0)).toBe(1000);
  });

  it.each([
    ['0 9 * * *', '2026-07-01T00:00:00Z', 'Europe/Berlin', '2026-07-01T07:00'],
    ['0 9 * * *', '2026-12-01T00:00:00Z', 'Europe/Berlin', '2026-12-01T08:00'],
    ['30 0 * * *', '2026-01-01T00:00:00Z', 'Asia/Kolkata', '2026-01-01T19:00'],
    ['TZ=Asia/Tokyo 0 0 * * *', '2026-01-01T00:00:00Z', undefined, '2026-01-01T15:00'],
    // Clocks go from 2 to 3: the time does not come that day.
    ['30 2 * * *', '2026-03-28T12:00:00Z', 'Europe/Berlin', '2026-03-30T00:30'],
    // Clocks go from 3 back to 2: the time comes twice.
    ['30 2 * * *', '2026-10-24T12:00:00Z', 'Europe/Berlin', '2026-10-25T00:30'],
    ['30 2 * * *', '2026-10-25T00:30:00Z', 'Europe/Berlin', '2026-10-25T01:30'],
    ['30 2 * * *', '2026-10-25T01:30:00Z', 'Europe/Berlin', '2026-10-26T01:30'],
    // Clocks went back from a minute past midnight into the day before.
    ['30 23 * * *', '2010-11-07T02:30:30Z', 'America/St_Johns', '2010-11-07T03:00'],
    ['*/10 * * * *', '2026-10-25T00:55:00Z', 'Europe/Berlin', '2026-10-25T01:00'],
  ])('CM-176: %s after %s in %s is %s', (schedule, after, zone, expected) =>
    expect(next(schedule, after, zone)).toBe(expected),
  );
});
