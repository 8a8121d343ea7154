/**
 * Faults as sentences. The same words stand on the terminal, in the API's answers and in the Events of Nodes.
 */
import { formatDuration } from '@regatta/runtime';
import { endpointName } from './fault-names.ts';
import type { LinkEffect, LinkFault } from './fault-protocol.ts';

type Described = Pick<LinkFault, 'peers' | 'direction' | 'effect'>;

/** `node-2 is cut from apiserver and node-3`. */
export function describeFault(keeper: string, { peers, direction, effect }: Described): string {
  const self = endpointName(keeper);
  const others = joinNames(peers.map(endpointName));
  if (effect.drop === 1) {
    if (direction === 'both') return `${self} is cut from ${others}`;
    return direction === 'out'
      ? `what ${self} sends to ${others} is lost`
      : `what ${others} ${peers.length > 1 ? 'send' : 'sends'} to ${self} is lost`;
  }
  return `${describeEffect(effect)} ${describeLink(self, others, direction)}`;
}

/** `cut`, `30 % lost`, `200ms to 250ms later`, `10 % twice`, `10 KiB/s`: a column of a table. */
export function effectInShort(effect: LinkEffect): string {
  if (effect.drop === 1) return 'cut';
  if (effect.drop !== undefined) return `${percent(effect.drop)} lost`;
  if (effect.delay) return `${delayText(effect.delay)} later`;
  if (effect.duplicate !== undefined) return `${percent(effect.duplicate)} twice`;
  return `${bytesText(effect.bandwidth ?? 0)}/s`;
}

export function joinNames(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? 'nobody') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function describeEffect(effect: LinkEffect): string {
  if (effect.drop !== undefined) return `${percent(effect.drop)} of the messages are lost`;
  if (effect.delay) return `messages arrive ${delayText(effect.delay)} later`;
  if (effect.duplicate !== undefined) return `${percent(effect.duplicate)} of the messages arrive twice`;
  return `at most ${bytesText(effect.bandwidth ?? 0)} a second pass`;
}

function describeLink(self: string, others: string, direction: LinkFault['direction']): string {
  if (direction === 'both') return `between ${self} and ${others}`;
  return direction === 'out' ? `from ${self} to ${others}` : `from ${others} to ${self}`;
}

function delayText({ ms, jitterMs }: NonNullable<LinkEffect['delay']>): string {
  return jitterMs ? `${formatDuration(ms)} to ${formatDuration(ms + jitterMs)}` : formatDuration(ms);
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}

function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const [size, unit] = bytes < 2 ** 20 ? [bytes / 1024, 'KiB'] : [bytes / 2 ** 20, 'MiB'];
  return `${Number(size.toFixed(1))} ${unit}`;
}
