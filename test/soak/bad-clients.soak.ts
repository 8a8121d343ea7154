/**
 * The long form of test/bad-clients.test.ts: each kind of bad client for longer, at upstream's timing, and readers that do not
 * read for long enough to be cut off while somebody writes a lot.
 */
import { expect, it } from 'vitest';
import { BAD_CLIENTS, BadClientRun, figuresLine } from '../support/bad-clients.ts';
import { printFigures, soakDuration } from '../support/soak.ts';

/** What the apiserver may take at most, MiB. */
const MEMORY = 900;

it('LIM-30: bad clients, for long', { timeout: 3_600_000 }, async () => {
  const each = soakDuration(5) / (BAD_CLIENTS.length + 4);
  const run = await BadClientRun.start({ nodes: 5, speed: 1 });
  try {
    const before = await run.measure(each);
    console.log(figuresLine('alone', before));
    let mostMemory = before.memory;
    let slowest = { get: 0, create: 0 };
    for (const { name, check, ...bad } of BAD_CLIENTS) {
      const { saw, ...figures } = await run.during(bad, each);
      console.log(figuresLine(name, figures, saw));
      expect(figures.wrong).toEqual([]);
      expect(check(saw), `${name}: ${JSON.stringify(saw)}`).toBe(true);
      mostMemory = Math.max(mostMemory, figures.memory);
      slowest = { get: Math.max(slowest.get, figures.get.p99), create: Math.max(slowest.create, figures.create.p99) };
    }
    // Writes enough that nobody's kernel holds it all: those who read nothing are cut off after 20 s.
    const stuck = run.during({ kind: 'unread-watches', count: 1000 }, Math.max(3 * each, 40_000));
    const written = await run.writeLarge(600);
    const { saw, ...unread } = await stuck;
    console.log(figuresLine(`1,000 unread watches while ${written} MB were written`, unread, saw));
    mostMemory = Math.max(mostMemory, unread.memory);
    const after = await run.measure(each);
    console.log(figuresLine('alone again', after));
    printFigures('bad-clients', {
      kinds: BAD_CLIENTS.length,
      'get alone p50': `${before.get.p50} ms`,
      'p99 ': `${before.get.p99} ms`,
      'highest p99': `${slowest.get} ms`,
      'after p99': `${after.get.p99} ms`,
      'create alone p50': `${before.create.p50} ms`,
      'p99  ': `${before.create.p99} ms`,
      'highest p99 ': `${slowest.create} ms`,
      'after p99 ': `${after.create.p99} ms`,
      'most memory of the apiserver': `${mostMemory} MiB`,
      'Nodes NotReady': run.notReady.length,
    });
    expect(run.notReady).toEqual([]);
    expect(mostMemory).toBeLessThan(MEMORY);
  } finally {
    await run.dispose();
  }
});
