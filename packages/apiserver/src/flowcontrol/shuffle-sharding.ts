/**
 * Deals each flow a hand of queues, so that a flow which floods its own shares all of them with few others
 * (upstream: staging/src/k8s.io/apiserver/pkg/util/{shufflesharding,flowcontrol}).
 */
import { createHash } from 'node:crypto';

/** Of a flow: its schema and what tells it from the schema's others. */
export function flowHash(schema: string, distinguisher: string): bigint {
  return createHash('sha256').update(schema).update('\0').update(distinguisher).digest().readBigUInt64LE(0);
}

/** So many different cards of a deck, by the hash alone: the same hash, the same hand. */
export function deal(hash: bigint, deckSize: number, handSize: number): number[] {
  const remainders: number[] = [];
  let rest = hash;
  for (let i = 0; i < handSize; i++) {
    const left = BigInt(deckSize - i);
    remainders.push(Number(rest % left));
    rest /= left;
  }
  return remainders.map((remainder, i) => {
    let card = remainder;
    for (let j = i - 1; j >= 0; j--) if (card >= (remainders[j] ?? 0)) card++;
    return card;
  });
}
