/**
 * The command line of `regatta`. Names, options and help are in program/, what commands do is in commands/.
 */
import path from 'node:path';
import { type Clock, printable } from '@regatta/runtime';
import { Command, CommanderError } from 'commander';
import { CliError } from './cli-error.ts';
import type { Environment } from './environment.ts';
import type { Io } from './io.ts';
import { layoutOf } from './layout.ts';
import { addFaults } from './program/faults.ts';
import { addDemo, addLifecycle } from './program/lifecycle.ts';
import { addLooking } from './program/looking.ts';
import { addMachines } from './program/machines.ts';
import { addSnapshots } from './program/snapshots.ts';
import { addTogether } from './program/together.ts';

export interface ProgramOptions {
  readonly io: Io;
  readonly clock: Clock;
  readonly programs: string;
  readonly version: string;
}

/** Runs one command; resolves with the process' exit code. Mistakes are printed, not thrown. */
export async function runCli(args: readonly string[], options: ProgramOptions): Promise<number> {
  let exitCode = 0;
  const program = build(options, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its own: a sentence and the usage.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const message = error instanceof Error ? error.message : String(error);
    options.io.warn(`regatta: ${printableLines(message)}`);
    return error instanceof CliError ? error.exitCode : 1;
  }
}

/** Messages may quote what others chose. */
function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

function build(options: ProgramOptions, exit: (code: number) => void): Command {
  const { io } = options;
  const program = new Command('regatta')
    .description('A Kubernetes v1.36 cluster whose machines are emulated and whose everything else is real.')
    .version(options.version, '-V, --version')
    .option(
      '--data-dir <folder>',
      'where the cluster keeps its state, keys and logs (REGATTA_DATA_DIR)',
      io.env['REGATTA_DATA_DIR'] ?? '.regatta',
    )
    .option(
      '--kubeconfig <file>',
      'the cluster of this kubeconfig, through its API, instead of one that runs here (REGATTA_KUBECONFIG)',
      io.env['REGATTA_KUBECONFIG'],
    )
    .showHelpAfterError()
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.print(text.trimEnd()), writeErr: (text) => io.warn(text.trimEnd()) })
    .configureHelp({ showGlobalOptions: true });
  const run =
    <A extends unknown[]>(action: (environment: Environment, ...args: A) => number | Promise<number>) =>
    async (...args: A): Promise<void> => {
      const { dataDir, kubeconfig } = program.opts<{ dataDir: string; kubeconfig?: string }>();
      const named = kubeconfig === undefined ? undefined : path.resolve(io.cwd, kubeconfig);
      const layout = layoutOf(path.resolve(io.cwd, dataDir), named);
      exit(await action({ io, clock: options.clock, layout, programs: options.programs }, ...args));
    };
  addLifecycle(program, run);
  addLooking(program, run);
  addMachines(program, run);
  addFaults(program, run);
  addSnapshots(program, run);
  addTogether(program, run);
  addDemo(program, run);
  return program;
}
