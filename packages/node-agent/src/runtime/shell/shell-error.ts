/**
 * How a script's flow leaves the ordinary path. None of these is a fault of ours: each is caught where it belongs.
 */

/** Ends the command, and a shell that isn't interactive: a bad expansion, a read-only variable. The message says why. */
export class ShellError extends Error {
  readonly code = 'shell';

  constructor(
    message: string,
    readonly status = 2,
    /** The builtin that says it. */
    readonly command?: string,
  ) {
    super(message);
    this.name = 'ShellError';
  }
}

/** A parameter that must be set isn't; bash's status for it is 127, in subshells 1. */
export class UnsetError extends ShellError {
  constructor(message: string) {
    super(message);
    this.name = 'UnsetError';
  }
}

/** A variable that is not to be changed. */
export class ReadOnlyError extends ShellError {
  constructor(readonly variable: string) {
    super(`${variable}: is read only`);
    this.name = 'ReadOnlyError';
  }
}

/** Ends the command only. */
export class CommandError extends Error {
  readonly code = 'command';

  constructor(
    message: string,
    readonly status = 1,
    readonly command?: string,
  ) {
    super(message);
    this.name = 'CommandError';
  }
}

/** `break`, `continue`, `return` and `exit` on their way up. */
export class Jump extends Error {
  readonly code = 'jump';

  constructor(
    readonly kind: 'break' | 'continue' | 'return' | 'exit',
    /** Loops to leave, or the exit status. */
    public value: number,
  ) {
    super(kind);
    this.name = 'Jump';
  }
}

/** The keyboard's interrupt: the line that runs is given up. */
export class Interrupted extends Error {
  readonly code = 'interrupted';

  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}
