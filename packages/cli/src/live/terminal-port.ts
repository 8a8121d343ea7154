/**
 * A terminal that a full-screen view has to itself for a while.
 */
import type { ReadStream, WriteStream } from 'node:tty';

export interface TerminalPort {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
  /** Keys come as they are pressed, unechoed; Ctrl-C is a key. */
  raw(on: boolean): void;
  /** Each returns how to stop. */
  onInput(listener: (text: string) => void): () => void;
  onResize(listener: () => void): () => void;
  /** The process is told to end, or its terminal is gone. */
  onEnd(listener: () => void): () => void;
}

const ENDS = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** The terminal of this process; undefined when it has none. */
export function processTerminal(input: ReadStream, output: WriteStream): TerminalPort | undefined {
  if (!input.isTTY || !output.isTTY) return undefined;
  return {
    get columns() {
      return output.columns || DEFAULT_COLUMNS;
    },
    get rows() {
      return output.rows || DEFAULT_ROWS;
    },
    write: (text) => void output.write(text),
    raw: (on) => {
      input.setRawMode(on);
      if (on) input.resume();
      else input.pause();
    },
    onInput: (listener) => {
      const onData = (data: Buffer): void => listener(data.toString());
      input.on('data', onData);
      return () => input.off('data', onData);
    },
    onResize: (listener) => {
      output.on('resize', listener);
      return () => output.off('resize', listener);
    },
    onEnd: (listener) => {
      // A terminal that is gone can't be given back, and Node aborts when it tries to at its end.
      const onHangUp = (): void => {
        listener();
        process.kill(process.pid, 'SIGKILL');
      };
      for (const name of ENDS) process.on(name, listener);
      process.on('SIGHUP', onHangUp);
      // Whatever else ends the process: the terminal is given back.
      process.on('exit', listener);
      input.on('end', listener);
      return () => {
        for (const name of ENDS) process.off(name, listener);
        process.off('SIGHUP', onHangUp);
        process.off('exit', listener);
        input.off('end', listener);
      };
    },
  };
}
