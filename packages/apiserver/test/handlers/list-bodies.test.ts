import { FakeClock } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { ListBodies } from '../../src/handlers/list-bodies.ts';

const MIB = 1024 * 1024;
const parts =
  (bytes: number): (() => readonly Uint8Array[]) =>
  () => [new Uint8Array(bytes / 2), new Uint8Array(bytes / 2)];

describe('SRV-45: bodies of large lists are shared for a moment', () => {
  it('by those who ask for the same state', () => {
    const bodies = new ListBodies(new FakeClock());
    const first = bodies.body('pods', '1', parts(MIB));
    expect(first.length).toBe(MIB);
    expect(bodies.body('pods', '1', parts(MIB)) === first).toBe(true);
    expect(bodies.body('nodes', '1', parts(MIB)) === first).toBe(false);
    expect(bodies.body('pods', '2', parts(MIB)) === first).toBe(false);
    expect(bodies.size).toBe(2 * MIB);
  });

  it('up to a limit, and not when they are small or huge', () => {
    const bodies = new ListBodies(new FakeClock());
    bodies.body('small', '1', parts(1024));
    bodies.body('huge', '1', parts(9 * MIB));
    expect(bodies.size).toBe(0);
    for (let i = 0; i < 40; i++) bodies.body(`list ${i}`, '1', parts(MIB));
    expect(bodies.size).toBe(16 * MIB);
  });

  it('and forgotten after two seconds', async () => {
    const clock = new FakeClock();
    const bodies = new ListBodies(clock);
    bodies.body('pods', '1', parts(MIB));
    await clock.advance(2000);
    expect(bodies.size).toBe(0);
  });
});
