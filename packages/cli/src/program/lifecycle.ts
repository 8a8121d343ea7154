/**
 * Options and help of the commands over a cluster's life: up, down, speed, demo.
 */
import { MAX_SPEED } from '@regatta/runtime';
import { type Command, Option } from 'commander';
import type { BrokerKind, NodeLoss } from '../cluster-file.ts';
import { demo } from '../commands/demo.ts';
import { speed } from '../commands/speed.ts';
import { down, up } from '../commands/up.ts';
import { number } from './arguments.ts';
import type { Run } from './run.ts';

type UpFlags = {
  nodes?: number;
  port?: number;
  speed?: number;
  nodeLoss?: NodeLoss;
  broker?: BrokerKind;
  name?: string;
  auditPolicy?: string;
  images?: string;
  detach?: boolean;
};

export function addLifecycle(program: Command, run: Run): void {
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
    .option(
      '--audit-policy <file>',
      'write who did what to logs/audit.log by this policy (audit.k8s.io/v1), `default` for ours, `none` for no more',
    )
    .option('--images <folder>', 'images of your own, a folder each (docs/guides/images.md); `none` for no more')
    .option('-d, --detach', 'run in the background')
    .action((flags: UpFlags) => run((environment) => up(environment, { ...flags, detach: flags.detach ?? false }))());
  program
    .command('down')
    .description('stop the cluster of the data folder; its state stays')
    .action(() => run(down)());
  program
    .command('speed')
    .argument(
      '[factor]',
      `a number up to ${MAX_SPEED}, pause, or resume (at the speed before the pause); shows the speed when left out`,
    )
    .description('change how fast cluster time runs, or show it')
    .action((factor: string | undefined) => run((environment) => speed(environment, factor))());
}

export function addDemo(program: Command, run: Run): void {
  program
    .command('demo')
    .description('tell the story of a lost node on a cluster of its own, with a timeline')
    .option('--speed <factor>', `cluster time: 1 is upstream's timing, at most ${MAX_SPEED}`, number, 10)
    .action((flags: { speed: number }) => run((environment) => demo(environment, flags))());
}
