/**
 * What a command did, and when and how it ends.
 */
import { printable } from '@regatta/runtime';
import type { Done } from '../control/cluster-control.ts';
import type { Environment } from '../environment.ts';

/** @param undo the command that ends it before its time */
export function printDone({ io }: Environment, { message, until }: Done, undo?: string): number {
  if (message) io.print(`${printable(message)}.`.replace(/\.\.$/, '.'));
  if (until !== undefined) {
    const by = undo ? `; \`${undo}\` ends it now` : '';
    io.print(io.style('dim', `It ends by itself at ${timeOfDay(until)}${by}, \`regatta faults\` shows what is on.`));
  }
  return 0;
}

/** `14:03:07`, of this machine. */
export function timeOfDay(epochMs: number): string {
  return new Date(epochMs).toTimeString().slice(0, 8);
}
