import { describe, expect, it } from 'vitest';
import { EventRing, RING_BYTES } from '../../src/storage/event-ring.ts';
import { StoredEvent, StoredState } from '../../src/storage/stored-object.ts';

function event(revision: number, size: number): StoredEvent {
  const state = StoredState.of('/registry/configmaps/x/a', { metadata: { name: 'a' } }, revision);
  return new StoredEvent('ADDED', revision, state, undefined, size);
}

describe('LIM-22: what is remembered of a collection', () => {
  it('is bounded in events', () => {
    const ring = new EventRing(0, 10);
    for (let revision = 1; revision <= 25; revision++) ring.push(event(revision, 1));
    expect([ring.size, ring.coversSince, ring.newest]).toEqual([10, 15, 25]);
  });

  it('is bounded in bytes, and goes on covering what it has', () => {
    const ring = new EventRing(0, 1000);
    const size = RING_BYTES / 4;
    for (let revision = 1; revision <= 10; revision++) ring.push(event(revision, size));
    expect([ring.size, ring.coversSince]).toEqual([4, 6]);
    expect(ring.after(6).map(({ revision }) => revision)).toEqual([7, 8, 9, 10]);
    ring.push(event(11, 2 * RING_BYTES));
    expect([ring.size, ring.coversSince]).toEqual([1, 10]);
    for (let revision = 12; revision <= 15; revision++) ring.push(event(revision, 1));
    expect([ring.size, ring.coversSince]).toEqual([4, 11]);
    ring.dropUpTo(13);
    for (let revision = 16; revision <= 18; revision++) ring.push(event(revision, size));
    expect([ring.size, ring.coversSince]).toEqual([5, 13]);
  });
});
