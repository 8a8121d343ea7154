/**
 * Options and help of what several people in one cluster need: invite, join.
 */
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { type InviteOptions, invite, listGuests, revokeGuest } from '../commands/invite.ts';
import { type JoinOptions, join } from '../commands/join.ts';
import { duration, names } from './arguments.ts';
import { example } from './machines.ts';
import type { Run } from './run.ts';

const POWERS = `
Powers:
  kill-nodes       kill, freeze and cut off machines, and undo it
  break-links      delay, lose and cut what goes between machines
  kill-components  kill and freeze apiserver, scheduler and controller-manager
  heal             end faults that others set
  change-speed     change how fast cluster time runs`;

type InviteFlags = InviteOptions & {
  readonly list?: boolean;
  readonly revoke?: string;
  readonly removeObjects?: boolean;
};

export function addTogether(program: Command, run: Run): void {
  program
    .command('invite')
    .argument('[name]', 'the guest: lower-case letters, digits and -')
    .description('let somebody into the cluster: a namespace of their own, rights, and a line to hand over')
    .option('--team <name>', 'work in the namespace of this team, with its other members')
    .option('--can <powers>', 'what else they may do: kill-nodes,heal (see below)', names)
    .option('--ttl <duration>', 'how long they may stay, real time: 90m, 8h (24h unless told, 720h at most)', duration)
    .option('--url <url>', 'where guests reach the API server: https://192.168.1.10:6443')
    .option('--out <file>', 'where to write the kubeconfig')
    .option('--list', 'show who is invited')
    .option('--revoke <name>', 'show somebody out, at once')
    .option('--remove-objects', 'with --revoke: remove their namespace too')
    .addHelpText(
      'after',
      POWERS +
        example(
          'regatta invite alice --can kill-nodes --url https://192.168.1.10:6443',
          'regatta invite --list',
          'regatta invite --revoke alice --remove-objects',
        ),
    )
    .action((name: string | undefined, flags: InviteFlags) =>
      run((environment) => {
        if (flags.list) return listGuests(environment);
        if (flags.revoke !== undefined) return revokeGuest(environment, flags.revoke, flags.removeObjects ?? false);
        if (name === undefined)
          throw new CliError('Say whom: `regatta invite alice`. `regatta invite --list` shows who is.', 2);
        return invite(environment, name, flags);
      })(),
    );
  program
    .command('join')
    .argument('<link>', "the host's line: 'https://…#alice.…'")
    .description(
      'come into a cluster that you were invited to (machines join by themselves: docs/guides/docker-compose.md)',
    )
    .option('--out <file>', 'where to write the kubeconfig (~/.kube/regatta-<name>)')
    .option('--force', 'replace that file')
    .action((link: string, flags: JoinOptions) => run((environment) => join(environment, link, flags))());
}
