/**
 * Options and help of the commands that only look: status, nodes, kubeconfig, logs.
 */
import type { Command } from 'commander';
import { kubeconfig, logs, nodes, status } from '../commands/status.ts';
import { number } from './arguments.ts';
import type { Run } from './run.ts';

export function addLooking(program: Command, run: Run): void {
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
