/**
 * The child of the crash test: concurrent writers that print a line for every acknowledged write, until they are killed.
 */
import { createLogger, SystemClock } from '@regatta/runtime';
import { openLevelStore } from '../src/mod.ts';

const WRITERS = 16;
const clock = new SystemClock();
const store = await openLevelStore({
  path: process.argv[2] ?? '',
  clock,
  logger: createLogger({ clock, level: 'error' }),
});
const start = store.currentRevision;

await Promise.all(
  Array.from({ length: WRITERS }, async (_, writer) => {
    for (let i = 0; ; i++) {
      // A few shared keys, so that one batch holds several writes of a key; some deletions.
      const key = i % 3 === 0 ? 'shared' : `writer/${writer}/${i % 7}`;
      const value = `${start}-${writer}-${i}`;
      const result = await store.txn(i % 11 === 10 ? { key } : { key, value: Buffer.from(value.padEnd(500, '.')) });
      if (result.succeeded) process.stdout.write(`${result.revision} ${key} ${i % 11 === 10 ? '-' : value}\n`);
    }
  }),
);
