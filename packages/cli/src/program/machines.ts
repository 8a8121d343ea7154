/**
 * Options and help of `regatta node …` and `regatta component …`.
 */
import { type Command, Option } from 'commander';
import { healNode, type PartitionOptions, partition } from '../commands/links.ts';
import { act, addNode, freeze, removeNode, type Verb } from '../commands/machines.ts';
import type { Kind } from '../control/cluster-control.ts';
import { lifetime, names } from './arguments.ts';
import type { Run } from './run.ts';

/** Real milliseconds after which a fault ends unless it is told: at speed 10 long enough for an eviction. */
export const DEFAULT_LIFETIME = 60_000;
export const FOR_HELP = 'how long, in real time: 500ms, 30s, 5m, 1h';

export function forOption(): Option {
  return new Option('--for <duration>', FOR_HELP).argParser(lifetime).default(DEFAULT_LIFETIME, '1m');
}

export function directionOption(help: string): Option {
  return new Option('--direction <way>', help).choices(['both', 'in', 'out']).default('both');
}

/** What `--help` shows at its end. */
export function example(...lines: readonly string[]): string {
  return `\nExample${lines.length > 1 ? 's' : ''}:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}

export function addMachines(program: Command, run: Run): void {
  addNodes(program.command('node').description('switch machines off and on, freeze them, cut them off'), run);
  addComponents(
    program.command('component').description('kill, start and freeze the processes of the control plane'),
    run,
  );
}

function addNodes(node: Command, run: Run): void {
  const on = target(node, 'node', '<name>', 'a node: node-2', run);
  on.verb('kill', 'cut the power: SIGKILL of its node-agent', 'node-2');
  on.verb('start', 'switch a dead machine on again', 'node-2');
  on.verb('reboot', 'cut the power and switch on again', 'node-2');
  on.freeze('stop a machine (SIGSTOP): it holds still and answers nobody, then goes on from where it was', 'node-2');
  on.verb('thaw', 'let a frozen machine go on', 'node-2');
  addPartition(node, run);
  node
    .command('heal')
    .argument('<name>', 'a node: node-2')
    .description("end every fault of a machine's links")
    .addHelpText('after', example('regatta node heal node-2'))
    .action((name: string) => run((environment) => healNode(environment, name))());
  node
    .command('add')
    .argument('[name]', 'node-<n> when left out')
    .description('join a new machine')
    .addHelpText('after', example('regatta node add', 'regatta node add spare'))
    .action((name: string | undefined) => run((environment) => addNode(environment, name))());
  node
    .command('rm')
    .argument('<name>', 'a node: node-2')
    .description('switch a machine off for good and remove its Node')
    .addHelpText('after', example('regatta node rm node-4'))
    .action((name: string) => run((environment) => removeNode(environment, name))());
}

function addPartition(node: Command, run: Run): void {
  node
    .command('partition')
    .argument('<name>', 'a node: node-2')
    .description('cut a machine off: from the control plane and all other machines, or from some')
    .addOption(forOption())
    .addOption(
      new Option('--from <names>', 'only from these: nodes by name, apiserver, control-plane, nodes')
        .argParser(names)
        .default([], 'everybody'),
    )
    .addOption(directionOption('what is lost: what it sends (out), what it gets (in), or both'))
    .addHelpText(
      'after',
      example(
        'regatta node partition node-2 --for 30s',
        'regatta node partition node-2 --from control-plane',
        'regatta node partition node-2 --from node-1,node-3 --direction out',
      ),
    )
    .action((name: string, flags: PartitionOptions) => run((environment) => partition(environment, name, flags))());
}

function addComponents(component: Command, run: Run): void {
  const help = 'broker, apiserver, scheduler or controller-manager';
  const on = target(component, 'component', '<name>', help, run);
  on.verb('kill', 'SIGKILL it; it stays down until started', 'scheduler');
  on.verb('start', 'start it again', 'scheduler');
  on.freeze('stop it (SIGSTOP), then let it go on from where it was', 'controller-manager');
  on.verb('thaw', 'let it go on', 'controller-manager');
}

interface TargetCommands {
  verb(name: Verb, description: string, sample: string): void;
  freeze(description: string, sample: string): void;
}

function target(parent: Command, kind: Kind, argument: string, help: string, run: Run): TargetCommands {
  const command = (name: string, description: string): Command =>
    parent.command(name).argument(argument, help).description(description);
  return {
    verb: (name, description, sample) => {
      command(name, description)
        .addHelpText('after', example(`regatta ${kind} ${name} ${sample}`))
        .action((typed: string) => run((environment) => act(environment, kind, name, typed))());
    },
    freeze: (description, sample) => {
      command('freeze', description)
        .addOption(forOption())
        .addHelpText('after', example(`regatta ${kind} freeze ${sample} --for 30s`))
        .action((typed: string, flags: { readonly for: number }) =>
          run((environment) => freeze(environment, kind, typed, flags.for))(),
        );
    },
  };
}
