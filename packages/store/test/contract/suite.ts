/**
 * The behaviour that every implementation of Store shares: one file per part, all run for each driver.
 */
import { afterEach, describe } from 'vitest';
import { compactionTests } from './compaction.ts';
import type { Driver } from './fixture.ts';
import { historyTests } from './history.ts';
import { limitTests } from './limits.ts';
import { rangeTests } from './range.ts';
import { recoveryTests } from './recovery.ts';
import { snapshotTests } from './snapshot.ts';
import { transactionTests } from './transactions.ts';
import { watchTests } from './watch.ts';

export function contractSuite(driver: Driver): void {
  describe(`store contract: ${driver.name}`, () => {
    afterEach(() => driver.cleanUp());
    transactionTests(driver);
    rangeTests(driver);
    historyTests(driver);
    watchTests(driver);
    compactionTests(driver);
    limitTests(driver);
    recoveryTests(driver);
    snapshotTests(driver);
  });
}
