/**
 * The ends of an exec'd or attached process that somebody outside holds: what it writes, its input, its size.
 *
 * Invariants: input waits while the process doesn't read it, output while nobody reads that; letting go of an attached
 * process leaves it as it is, letting go of an exec'd one kills it.
 */
import type { OutputChunk, ProcessSession } from './container-runtime.ts';
import { isFileError } from './filesystem/file-error.ts';
import { NullDevice } from './process/devices.ts';
import { exitCodeOf } from './process/exit-status.ts';
import { FdTable } from './process/fd-table.ts';
import type { OpenFile } from './process/open-file.ts';
import { makePipe } from './process/pipe.ts';
import type { EmulatedProcess } from './process/process.ts';
import type { PseudoTerminal } from './process/pseudo-terminal.ts';
import { SessionOutput } from './process/session-output.ts';

/** Descriptors 0, 1 and 2. */
export function standardFiles(stdin: OpenFile, stdout: OpenFile, stderr: OpenFile): FdTable {
  const fds = new FdTable();
  fds.set(0, stdin);
  fds.set(1, stdout);
  fds.set(2, stderr);
  return fds;
}

export function terminalFiles(terminal: PseudoTerminal): FdTable {
  const file = terminal.open();
  return standardFiles(file, file.retain(), file.retain());
}

export async function* shown(terminal: PseudoTerminal): AsyncGenerator<OutputChunk> {
  for (let bytes = await terminal.output.read(); bytes !== undefined; bytes = await terminal.output.read()) {
    yield { stream: 'stdout', bytes };
  }
}

/** Input that nobody reads any more is nobody's loss. */
export async function give(file: OpenFile, bytes: Uint8Array): Promise<void> {
  try {
    await file.write(bytes);
  } catch (error) {
    if (!isFileError(error, 'EPIPE') && !isFileError(error, 'EBADF')) throw error;
  }
}

/** The process of an exec with a terminal. */
export function terminalSession(process: EmulatedProcess, terminal: PseudoTerminal): ProcessSession {
  return {
    output: shown(terminal),
    writeStdin: (bytes) => terminal.input(bytes),
    endStdin: () => {},
    resize: (columns, rows) => terminal.resize({ columns, rows }),
    exitCode: process.wait().then(exitCodeOf),
    close: () => {
      terminal.hangUp();
      process.deliver('KILL', true);
    },
  };
}

export interface PipedFiles {
  readonly fds: FdTable;
  session(process: EmulatedProcess): ProcessSession;
}

/** The same without a terminal: pipes. */
export function pipedFiles(withStdin: boolean): PipedFiles {
  const output = new SessionOutput();
  const { stdout, stderr } = output.files();
  const pipe = withStdin ? makePipe() : undefined;
  return {
    fds: standardFiles(pipe?.reader ?? new NullDevice('/dev/null'), stdout, stderr),
    session: (process) => ({
      output,
      writeStdin: (bytes) => (pipe === undefined ? Promise.resolve() : give(pipe.writer, bytes)),
      endStdin: () => pipe?.writer.release(),
      resize: () => {},
      exitCode: process.wait().then(exitCodeOf),
      close: () => {
        output.close();
        pipe?.writer.release();
        process.deliver('KILL', true);
      },
    }),
  };
}
