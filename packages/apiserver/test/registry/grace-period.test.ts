import { ClusterClock, constantTimeline, FakeClock, withSpeed } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { beginOfDeletion } from '../../src/registry/delete-object.ts';

/** A deletion with a grace period of 30 s, asked for at speed 10, then looked at after the changes. */
async function beganAfter(...changes: readonly { readonly after: number; readonly speed: number }[]): Promise<number> {
  const real = new FakeClock();
  const clock = new ClusterClock(real, constantTimeline(10));
  const began = real.now();
  const marked = new Date(clock.instantAfter(began, 30_000)).toISOString();
  for (const { after, speed } of changes) {
    await real.advance(after);
    clock.apply(withSpeed(clock.timeline, speed, real.now()));
  }
  await real.advance(100);
  return beginOfDeletion(marked, 30, clock) - began;
}

describe('a grace period that is shortened', () => {
  it('CLK-35: counts from when the deletion was asked for, whatever the speed has become', async () => {
    expect(await beganAfter()).toBe(0);
    expect(await beganAfter({ after: 500, speed: 1 })).toBe(0);
    expect(await beganAfter({ after: 500, speed: 0 })).toBe(0);
    expect(await beganAfter({ after: 500, speed: 1 }, { after: 4_000, speed: 50 })).toBe(0);
  });
});
