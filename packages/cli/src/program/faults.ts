/**
 * Options and help of `regatta link …`, `regatta faults` and `regatta heal`.
 */
import type { LinkEffect } from '@regatta/bus';
import type { Command } from 'commander';
import { faults, heal } from '../commands/faults.ts';
import { type LinkOptions, link } from '../commands/links.ts';
import { bandwidth, duration, share } from './arguments.ts';
import { directionOption, example, forOption } from './machines.ts';
import type { Run } from './run.ts';

const END = 'a node, apiserver, scheduler or controller-manager';

export function addFaults(program: Command, run: Run): void {
  addLinks(program.command('link').description('make links between machines and components bad'), run);
  program
    .command('faults')
    .description('show what is on: where, until when, and who is cut from whom')
    .action(() => run(faults)());
  program
    .command('heal')
    .argument('[id]', 'as `regatta faults` shows it')
    .option('--all', 'every fault of links, and everything that is frozen')
    .description('end a fault before its time')
    .addHelpText('after', example('regatta heal delay-node-1-apiserver', 'regatta heal --all'))
    .action((id: string | undefined, flags: { all?: boolean }) =>
      run((environment) => heal(environment, id, flags.all ?? false))(),
    );
}

type DelayFlags = LinkOptions & { readonly jitter?: number };

function addLinks(parent: Command, run: Run): void {
  const command = (name: string, description: string): Command =>
    parent
      .command(name)
      .argument('<a>', END)
      .argument('<b>', END)
      .description(description)
      .addOption(forOption())
      .addOption(directionOption('as <a> sees it: what it sends (out), what it gets (in), or both'));
  const act = (a: string, b: string, effect: LinkEffect, flags: LinkOptions): Promise<void> =>
    run((environment) => link(environment, [a, b], effect, flags))();
  command('delay', 'let messages arrive later; their order stays')
    .argument('<time>', 'each way: 200ms', duration)
    .option('--jitter <time>', 'up to so much more: 50ms', duration)
    .addHelpText('after', example('regatta link delay node-1 apiserver 200ms --jitter 50ms --for 30s'))
    .action((a: string, b: string, ms: number, flags: DelayFlags) =>
      act(a, b, { delay: { ms, ...(flags.jitter === undefined ? {} : { jitterMs: flags.jitter }) } }, flags),
    );
  command('loss', 'lose a share of the messages')
    .argument('<share>', '30%', share)
    .addHelpText('after', example('regatta link loss node-1 apiserver 30%'))
    .action((a: string, b: string, drop: number, flags: LinkOptions) => act(a, b, { drop }, flags));
  command('duplicate', 'let a share of the messages arrive twice')
    .argument('<share>', '10%', share)
    .addHelpText('after', example('regatta link duplicate node-1 apiserver 10%'))
    .action((a: string, b: string, duplicate: number, flags: LinkOptions) => act(a, b, { duplicate }, flags));
  command('bandwidth', 'let only so many bytes a second pass')
    .argument('<bytes>', '10KiB', bandwidth)
    .addHelpText('after', example('regatta link bandwidth node-1 node-2 10KiB'))
    .action((a: string, b: string, bytes: number, flags: LinkOptions) => act(a, b, { bandwidth: bytes }, flags));
  command('cut', 'let nothing pass')
    .addHelpText(
      'after',
      example('regatta link cut node-1 node-2 --for 30s', 'regatta link cut node-1 apiserver --direction out'),
    )
    .action((a: string, b: string, flags: LinkOptions) => act(a, b, { drop: 1 }, flags));
}
