/**
 * Linux's signals (x86-64 numbers) and what each does to a process that has said nothing about it (signal(7)).
 */
export const SIGNAL_NUMBER = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  POLL: 29,
  PWR: 30,
  SYS: 31,
} as const satisfies Readonly<Record<string, number>>;

export type Signal = keyof typeof SIGNAL_NUMBER;

export type SignalAction = 'terminate' | 'ignore' | 'stop' | 'continue';

/** What a process has said about a signal. */
export type SignalDisposition = (() => void) | 'ignore' | 'default';

const ACTIONS: Readonly<Partial<Record<Signal, SignalAction>>> = {
  CHLD: 'ignore',
  URG: 'ignore',
  WINCH: 'ignore',
  CONT: 'continue',
  STOP: 'stop',
  TSTP: 'stop',
  TTIN: 'stop',
  TTOU: 'stop',
};

export function defaultAction(signal: Signal): SignalAction {
  return ACTIONS[signal] ?? 'terminate';
}

/** No process can catch or ignore these. */
export function isUncatchable(signal: Signal): boolean {
  return signal === 'KILL' || signal === 'STOP';
}

/** A set of signals as /proc/PID/status writes it: bit N-1 is signal N. */
export function signalMask(signals: Iterable<Signal>): string {
  let mask = 0n;
  for (const signal of signals) mask |= 1n << BigInt(SIGNAL_NUMBER[signal] - 1);
  return mask.toString(16).padStart(16, '0');
}

/** A signal as people write it: TERM, SIGTERM, sigterm or 15. */
export function signalOf(name: string): Signal | undefined {
  const short = name.toUpperCase().replace(/^SIG/, '');
  return (Object.keys(SIGNAL_NUMBER) as Signal[]).find(
    (signal) => signal === short || String(SIGNAL_NUMBER[signal]) === name,
  );
}
