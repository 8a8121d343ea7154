/**
 * Structured log lines, one JSON object each, or readable text on a terminal.
 * Secrets never go into a log: callers pass names and counts, not objects.
 */
import type { Clock } from './clock.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each line. */
  with(fields: LogFields): Logger;
}

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export interface LoggerOptions {
  readonly clock: Clock;
  /** Lines below this level are dropped. */
  readonly level?: LogLevel;
  /** Takes one line without its newline; standard error unless told. */
  readonly write?: (line: string) => void;
}

export function createLogger(options: LoggerOptions, fields: LogFields = {}): Logger {
  const least = ORDER[options.level ?? 'info'];
  const write = options.write ?? ((line: string): void => void process.stderr.write(`${line}\n`));
  const log = (level: LogLevel, message: string, more?: LogFields): void => {
    if (ORDER[level] < least) return;
    const time = new Date(options.clock.now()).toISOString();
    write(JSON.stringify({ time, level, message, ...fields, ...describeErrors(more) }));
  };
  return {
    debug: (message, more) => log('debug', message, more),
    info: (message, more) => log('info', message, more),
    warn: (message, more) => log('warn', message, more),
    error: (message, more) => log('error', message, more),
    with: (more) => createLogger(options, { ...fields, ...more }),
  };
}

/** Errors have no enumerable fields: JSON would drop them. */
function describeErrors(fields: LogFields = {}): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      value instanceof Error ? (value.stack ?? value.message) : value,
    ]),
  );
}

/** A logger that keeps nothing. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silentLogger,
};
