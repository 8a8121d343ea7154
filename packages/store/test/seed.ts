/**
 * The seed of a random test: REGATTA_SEED replays one, otherwise every run has its own. Printed, so that a failure in a
 * log can be replayed.
 */
import { systemRandom } from '@regatta/runtime';

export function seedFor(name: string): number {
  const given = process.env['REGATTA_SEED'];
  const seed = given === undefined ? Math.floor(systemRandom.next() * 2 ** 31) : Number(given);
  process.stdout.write(`${name}: REGATTA_SEED=${seed}\n`);
  return seed;
}
