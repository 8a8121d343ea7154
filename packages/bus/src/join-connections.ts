/**
 * Two connections made one: what comes from either goes to the other.
 *
 * An end of input is passed on as such (half-close); a break of one breaks the other; each waits for the other's reader.
 */
import type { Duplex } from 'node:stream';

/** Resolves when both are over. */
export async function joinConnections(one: Duplex, other: Duplex): Promise<void> {
  await Promise.all([pass(one, other), pass(other, one)]);
}

function pass(from: Duplex, to: Duplex): Promise<void> {
  from.on('error', (error) => to.destroy(error));
  from.pipe(to);
  return new Promise((resolve) => {
    from.once('close', () => {
      if (!from.readableEnded) to.destroy();
      resolve();
    });
  });
}
