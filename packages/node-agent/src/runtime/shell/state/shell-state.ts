/**
 * Everything that a subshell gets a copy of: variables, functions, options, arguments, and where the script stands.
 */

import { Options } from '../execute/options.ts';
import type { FunctionDefinition } from '../syntax/ast.ts';
import { Variables } from './variables.ts';

export class ShellState {
  variables = new Variables();
  options = new Options();
  functions = new Map<string, FunctionDefinition>();
  aliases = new Map<string, string>();
  /** bash's `shopt`. */
  shopt = new Set<string>();
  /** `$0` */
  name = 'sh';
  /** `$1` … */
  positional: readonly string[] = [];
  /** `$?` */
  status = 0;
  /** `$!` */
  lastBackground: number | undefined;
  /** bash's PIPESTATUS */
  pipeStatus: readonly number[] = [0];
  /** `$$`: of the shell, in its subshells too. */
  rootPid = 0;
  /** The line of the present command. */
  line = 1;
  /** Functions that run, innermost last. */
  calls: readonly string[] = [];
  loops = 0;
  /** Scripts that `.` is reading. */
  sourcing = 0;
  subshells = 0;
  /** Above 0: a failing command doesn't end the shell (conditions, `!`, left of `&&`). */
  tolerant = 0;
  /** Commands are read from a file: messages name the line. */
  inFile = false;
  /** bash's RANDOM */
  random = 1;
  /** Instant at which SECONDS was 0, cluster milliseconds. */
  startedAt = 0;
  /** The directory as the script named it, links and all. */
  directory = '/';
  stack: readonly string[] = [];

  fork(): ShellState {
    const copy = Object.assign(new ShellState(), this);
    copy.variables = this.variables.fork();
    copy.options = this.options.fork();
    copy.options.set('monitor', false);
    copy.options.set('interactive', false);
    copy.functions = new Map(this.functions);
    copy.aliases = new Map(this.aliases);
    copy.shopt = new Set(this.shopt);
    copy.loops = 0;
    copy.subshells = this.subshells + 1;
    copy.tolerant = this.tolerant;
    return copy;
  }
}
