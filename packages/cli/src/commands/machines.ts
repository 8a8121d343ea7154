/**
 * `regatta node …` and `regatta component …`: switching machines and processes off and on, stopping them for a while.
 */
import type { ClusterControl, Done, Kind, Target } from '../control/cluster-control.ts';
import { findTarget } from '../control/find-target.ts';
import { withControl } from '../control/open-control.ts';
import type { Environment } from '../environment.ts';
import { printDone } from './print-done.ts';

export type Verb = 'kill' | 'start' | 'reboot' | 'thaw';

/** Does `verb` to a machine or a component, after making sure that it is one. */
export function act(environment: Environment, kind: Kind, verb: Verb, name: string): Promise<number> {
  return onTarget(environment, kind, name, (control, target) => control[verb](target));
}

/** Stops it (SIGSTOP) for so many real milliseconds. */
export function freeze(environment: Environment, kind: Kind, name: string, forMs: number): Promise<number> {
  const hint = (target: Target): string => `regatta ${kind} thaw ${target.name}`;
  return onTarget(environment, kind, name, (control, target) => control.freeze(target, forMs), hint);
}

export async function addNode(environment: Environment, name: string | undefined): Promise<number> {
  return withControl(environment, async (control) => printDone(environment, await control.addNode(name)));
}

export async function removeNode(environment: Environment, name: string): Promise<number> {
  return withControl(environment, async (control) => printDone(environment, await control.removeNode(name)));
}

function onTarget(
  environment: Environment,
  kind: Kind,
  name: string,
  what: (control: ClusterControl, target: Target) => Promise<Done>,
  undo?: (target: Target) => string,
): Promise<number> {
  return withControl(environment, async (control) => {
    const target = await findTarget(control, kind, name);
    return printDone(environment, await what(control, target), undo?.(target));
  });
}
