/**
 * `regatta node partition|heal` and `regatta link …`: what happens to messages between machines and components.
 */
import type { LinkEffect, LinkFault } from '@regatta/bus';
import { findTarget } from '../control/find-target.ts';
import { withControl } from '../control/open-control.ts';
import type { Environment } from '../environment.ts';
import { printDone } from './print-done.ts';

export interface LinkOptions {
  /** Real milliseconds. */
  readonly for: number;
  readonly direction: LinkFault['direction'];
}

export interface PartitionOptions extends LinkOptions {
  readonly from: readonly string[];
}

/** `regatta node partition NAME`. */
export function partition(environment: Environment, name: string, options: PartitionOptions): Promise<number> {
  return withControl(environment, async (control) => {
    const { name: node } = await findTarget(control, 'node', name);
    const { from, direction, for: forMs } = options;
    const done = await control.partition({ node, from, direction, forMs });
    return printDone(environment, done, `regatta node heal ${node}`);
  });
}

/** `regatta node heal NAME`. */
export function healNode(environment: Environment, name: string): Promise<number> {
  return withControl(environment, async (control) => {
    const { name: node } = await findTarget(control, 'node', name);
    return printDone(environment, await control.heal(node));
  });
}

/** `regatta link <effect> A B`. */
export function link(
  environment: Environment,
  [a, b]: readonly [string, string],
  effect: LinkEffect,
  { direction, for: forMs }: LinkOptions,
): Promise<number> {
  return withControl(environment, async (control) => {
    const done = await control.link({ a, b, effect, direction, forMs });
    return printDone(environment, done, `regatta heal ${done.id ?? '--all'}`);
  });
}
