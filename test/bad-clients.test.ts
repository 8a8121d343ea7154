/**
 * Clients that are broken, greedy or hostile, one kind after the other, against a running cluster: a well-behaved client gets
 * every answer, no Node goes NotReady, memory stays bounded, and the bad one is refused or cut off where upstream does so.
 * Figures are printed; the long form is test/soak/bad-clients.soak.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BAD_CLIENTS, BadClientRun, figuresLine } from './support/bad-clients.ts';

/** Milliseconds of each kind. */
const EACH = 1500;
/** What the apiserver may take at most while any of them is at it, MiB; it begins with about 100. */
const MEMORY = 700;

describe('LIM-30: bad clients', () => {
  let run: BadClientRun;
  beforeAll(async () => {
    run = await BadClientRun.start({ nodes: 3, speed: 10 });
    console.log(figuresLine('alone', await run.measure(EACH)));
  });
  afterAll(async () => {
    console.log(figuresLine('alone again', await run.measure(EACH)));
    await run.dispose();
  });

  it.each(BAD_CLIENTS)('LIM-30: $name', async ({ name, check, ...bad }) => {
    const { saw, ...figures } = await run.during(bad, EACH);
    console.log(figuresLine(name, figures, saw));
    expect(figures.wrong).toEqual([]);
    expect(figures.get.requests).toBeGreaterThan(0);
    expect(check(saw), JSON.stringify(saw)).toBe(true);
    expect(figures.memory).toBeLessThan(MEMORY);
    expect(run.notReady).toEqual([]);
  });
});
