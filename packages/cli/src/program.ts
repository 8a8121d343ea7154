/**
 * The command line of `regatta`: names, options and help. What commands do is in commands/.
 */
import path from 'node:path';
import { type Clock, MAX_SPEED } from '@regatta/runtime';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { CliError } from './cli-error.ts';
import type { BrokerKind, NodeLoss } from './cluster-file.ts';
import { demo } from './commands/demo.ts';
import { act, addNode, removeNode } from './commands/machines.ts';
import { speed } from './commands/speed.ts';
import { kubeconfig, logs, nodes, status } from './commands/status.ts';
import { down, up } from './commands/up.ts';
import type { Environment } from './environment.ts';
import type { Io } from './io.ts';
import { layoutOf } from './layout.ts';

export interface ProgramOptions {
  readonly io: Io;
  readonly clock: Clock;
  readonly programs: string;
  readonly version: string;
}

type UpFlags = {
  nodes?: number;
  port?: number;
  speed?: number;
  nodeLoss?: NodeLoss;
  broker?: BrokerKind;
  name?: string;
  detach?: boolean;
};

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
    options.io.warn(`regatta: ${message}`);
    return error instanceof CliError ? error.exitCode : 1;
  }
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
    .showHelpAfterError()
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.print(text.trimEnd()), writeErr: (text) => io.warn(text.trimEnd()) })
    .configureHelp({ showGlobalOptions: true });
  const run =
    <A extends unknown[]>(action: (environment: Environment, ...args: A) => number | Promise<number>) =>
    async (...args: A): Promise<void> => {
      const { dataDir } = program.opts<{ dataDir: string }>();
      const layout = layoutOf(path.resolve(io.cwd, dataDir));
      exit(await action({ io, clock: options.clock, layout, programs: options.programs }, ...args));
    };
  addLifecycle(program, run);
  addLooking(program, run);
  addMachines(program, run);
  addDemo(program, run);
  return program;
}

type Run = <A extends unknown[]>(
  action: (environment: Environment, ...args: A) => number | Promise<number>,
) => (...args: A) => Promise<void>;

function addLifecycle(program: Command, run: Run): void {
  program
    .command('up')
    .description('start a cluster, or go on with the one in the data folder; Ctrl-C stops it')
    .option('--nodes <count>', 'how many machines (a new cluster has 3)', number)
    .option('--port <port>', 'port of the API server on 127.0.0.1 (6443)', number)
    .option(
      '--speed <factor>',
      `cluster time: 1 is upstream's timing, a new cluster runs at 10, at most ${MAX_SPEED}`,
      number,
    )
    .addOption(
      new Option(
        '--node-loss <mode>',
        'what Pods on a lost node show: phase Unknown, or the phase upstream leaves',
      ).choices(['unknown', 'upstream']),
    )
    .addOption(
      new Option(
        '--broker <kind>',
        'who carries the bus: our own broker (a new cluster), or the nats-server on the PATH',
      ).choices(['embedded', 'nats-server']),
    )
    .option('--name <name>', 'name of the cluster and its kubeconfig context (regatta)')
    .option('-d, --detach', 'run in the background')
    .action((flags: UpFlags) => run((environment) => up(environment, { ...flags, detach: flags.detach ?? false }))());
  program
    .command('down')
    .description('stop the cluster of the data folder; its state stays')
    .action(() => run(down)());
  program
    .command('speed')
    .argument('[factor]', `0 (paused) to ${MAX_SPEED}; shows the speed when left out`)
    .description('change how fast cluster time runs, or show it')
    .action((factor: string | undefined) => run((environment) => speed(environment, factor))());
}

function addDemo(program: Command, run: Run): void {
  program
    .command('demo')
    .description('tell the story of a lost node on a cluster of its own, with a timeline')
    .option('--speed <factor>', `cluster time: 1 is upstream's timing, at most ${MAX_SPEED}`, number, 10)
    .action((flags: { speed: number }) => run((environment) => demo(environment, flags))());
}

function addLooking(program: Command, run: Run): void {
  program
    .command('status')
    .description('show the processes of the cluster')
    .action(() => run(status)());
  program
    .command('nodes')
    .description('show the machines, and what the API says of them')
    .action(() => run(nodes)());
  program
    .command('kubeconfig')
    .description("print where the administrator's kubeconfig is")
    .option('--print', 'print the file itself')
    .action((flags: { print?: boolean }) => run((environment) => kubeconfig(environment, flags.print ?? false))());
  program
    .command('logs')
    .argument('<component>', 'broker, apiserver, scheduler, controller-manager or a node')
    .description("print a process' log")
    .option('-f, --follow', 'go on printing what is added')
    .option('--tail <lines>', 'only the last lines', number, -1)
    .action((component: string, flags: { follow?: boolean; tail: number }) =>
      run((environment) => logs(environment, component, flags.follow ?? false, flags.tail))(),
    );
}

function addMachines(program: Command, run: Run): void {
  const node = program.command('node').description('switch machines off and on, add and remove them');
  const verb = (name: 'kill' | 'start' | 'reboot', description: string): void => {
    node
      .command(name)
      .argument('<name>')
      .description(description)
      .action((target: string) => run((environment) => act(environment, 'node', name, target))());
  };
  verb('kill', 'cut the power: SIGKILL of its node-agent');
  verb('start', 'switch a dead machine on again');
  verb('reboot', 'cut the power and switch on again');
  node
    .command('add')
    .argument('[name]', 'node-<n> when left out')
    .description('join a new machine')
    .action((name: string | undefined) => run((environment) => addNode(environment, name))());
  node
    .command('rm')
    .argument('<name>')
    .description('switch a machine off for good and remove its Node')
    .action((name: string) => run((environment) => removeNode(environment, name))());
  const component = program.command('component').description('kill and start the processes of the control plane');
  for (const name of ['kill', 'start'] as const) {
    component
      .command(name)
      .argument('<name>', 'broker, apiserver, scheduler or controller-manager')
      .description(name === 'kill' ? 'SIGKILL it; it stays down until started' : 'start it again')
      .action((target: string) => run((environment) => act(environment, 'component', name, target))());
  }
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('It takes a number.');
  return value;
}
