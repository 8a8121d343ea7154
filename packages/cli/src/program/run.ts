/**
 * How a command's action gets what it needs.
 */
import type { Environment } from '../environment.ts';

/** Makes an action for commander from a command, which gets the environment and answers the exit code. */
export type Run = <A extends unknown[]>(
  action: (environment: Environment, ...args: A) => number | Promise<number>,
) => (...args: A) => Promise<void>;
