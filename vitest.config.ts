import os from 'node:os';
import { defineConfig } from 'vitest/config';

/** Much of what tests do is waiting: two at once even where vitest's own rule (cores less one) would run one. */
const leastWorkers = 2;
const unitWorkers = Math.max(leastWorkers, os.availableParallelism() - 1);

/** Suites that load the whole machine or hold real time against cluster time: each has it to itself. */
const alone = ['test/bad-clients.test.ts', 'test/crash-history.test.ts', 'test/speed.test.ts'];

/** The long forms, only for `npm run soak`, which asks for them with this variable; nothing else may run them by accident. */
const soak = {
  test: {
    name: 'soak',
    include: ['test/soak/**/*.soak.ts', 'packages/*/test/**/*.soak.ts'],
    testTimeout: 4 * 3_600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
};

/** docker-compose.yml with a real engine, only for `npm run test:compose`. */
const compose = {
  test: {
    name: 'compose',
    include: ['test/compose/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          maxWorkers: unitWorkers,
        },
      },
      {
        // Whole clusters: no more than two at a time, or they starve each other; after the units, which fail sooner.
        test: {
          name: 'e2e',
          include: ['test/**/*.test.ts'],
          exclude: ['test/compose/**', ...alone],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: leastWorkers,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'alone',
          include: alone,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      ...(process.env['REGATTA_SOAK'] ? [soak] : []),
      ...(process.env['REGATTA_COMPOSE_SUITE'] ? [compose] : []),
    ],
  },
});
