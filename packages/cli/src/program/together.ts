/**
 * Options and help of what several people in one cluster need: invite, feed, live, who, join.
 */
import { type Command, Option } from 'commander';
import { CliError } from '../cli-error.ts';
import { feed, who } from '../commands/feed.ts';
import { type InviteOptions, invite, listGuests, revokeGuest } from '../commands/invite.ts';
import { type JoinOptions, join } from '../commands/join.ts';
import { live } from '../commands/live.ts';
import { duration, names, number } from './arguments.ts';
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

const FEED_HELP = `
The columns: time of day, cluster time since somebody last did something, who, what. You see what you may look at.`;

type FeedFlags = {
  readonly follow?: boolean;
  readonly ns?: string;
  readonly user?: string;
  readonly last: number;
  readonly output?: string;
};

function outputOption(): Option {
  return new Option('-o, --output <form>', 'for programs').choices(['json']);
}

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
    .command('feed')
    .description('show who did what, with any client, and what the cluster did about it')
    .option('-f, --follow', 'go on showing what comes')
    .option('--ns <namespace>', 'only what concerns this namespace')
    .option('--user <name>', 'only what this person did')
    .option('--last <lines>', 'how many lines of the past', number, 50)
    .addOption(outputOption())
    .addHelpText('after', FEED_HELP + example('regatta feed -f', 'regatta feed --user alice --last 10'))
    .action((flags: FeedFlags) =>
      run((environment) =>
        feed(environment, { ...flags, follow: flags.follow ?? false, json: flags.output === 'json' }),
      )(),
    );
  program
    .command('live')
    .description('nodes, Pods and feed on the whole screen, as they change; q quits, ? helps')
    .addHelpText('after', example('regatta live', 'regatta --kubeconfig ~/.kube/regatta-alice live'))
    .action(() => run(live)());
  program
    .command('who')
    .description('show who is there: seen in the last five minutes, or with something open')
    .addOption(outputOption())
    .action((flags: { readonly output?: string }) => run((environment) => who(environment, flags.output === 'json'))());
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
