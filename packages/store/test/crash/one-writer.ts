/** One write after the other, with a line for each answer: run under strace. */
import { createLogger, SystemClock } from '@regatta/runtime';
import { openLevelStore } from '../../src/mod.ts';

const clock = new SystemClock();
const logger = createLogger({ clock, level: 'error' });
const store = await openLevelStore({ path: process.argv[2] ?? '', clock, logger });
for (let i = 0; i < 20; i++) {
  await store.txn({ key: 'a', value: Buffer.from(String(i)) });
  process.stdout.write(`answer ${i}\n`);
}
await store.close();
