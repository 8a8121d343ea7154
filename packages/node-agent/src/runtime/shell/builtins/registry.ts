/**
 * All builtins by name.
 */
import type { Builtin } from './builtin.ts';
import { DIRECTORY } from './directory.ts';
import { FLOW } from './flow.ts';
import { INFO } from './info.ts';
import { INPUT } from './input.ts';
import { JOBS } from './jobs.ts';
import { SETTINGS } from './set.ts';
import { TEXT } from './text.ts';
import { TRAP } from './trap.ts';
import { VARIABLES } from './variables.ts';

export type { Builtin } from './builtin.ts';

export const BUILTINS: ReadonlyMap<string, Builtin> = new Map(
  Object.entries({
    ...FLOW,
    ...VARIABLES,
    ...SETTINGS,
    ...DIRECTORY,
    ...TEXT,
    ...INPUT,
    ...JOBS,
    ...INFO,
    trap: TRAP,
  }),
);
