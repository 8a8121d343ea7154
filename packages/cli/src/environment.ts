/**
 * What every command gets: the terminal, the clock, the data folder and the programs.
 */
import type { Clock } from '@regatta/runtime';
import type { Io } from './io.ts';
import type { Layout } from './layout.ts';

export interface Environment {
  readonly io: Io;
  readonly clock: Clock;
  readonly layout: Layout;
  /** Folder of the bundled programs. */
  readonly programs: string;
}
