/**
 * One start at a time looks at a control socket, takes away what a killed supervisor left and listens: two that did so at
 * once would each take the other's away and both go on.
 *
 * The turn is an abstract Unix socket, which the kernel gives to one process and takes back when that one ends, however it
 * ends. Only Linux has them; elsewhere starts are not kept apart beyond what the control socket itself does.
 */
import { createHash } from 'node:crypto';
import net from 'node:net';
import path from 'node:path';
import { type Clock, sleep } from '@regatta/runtime';

/** Real milliseconds between looks, and after which a start goes on without its turn: it is asked what runs there then. */
const LOOK_MS = 10;
const LONGEST_WAIT_MS = 3000;

export interface Turn {
  end(): void;
}

/** @param socket the control socket that the turn is about */
export async function takeTurn(socket: string, clock: Clock): Promise<Turn> {
  if (process.platform !== 'linux') return { end: () => {} };
  const digest = createHash('sha256').update(path.resolve(socket)).digest('hex').slice(0, 32);
  const deadline = clock.monotonic() + LONGEST_WAIT_MS;
  for (;;) {
    const server = net.createServer((connection) => connection.destroy());
    if (await holds(server, `\0regatta-start-${digest}`)) return { end: () => void server.close() };
    if (clock.monotonic() >= deadline) return { end: () => {} };
    await sleep(clock, LOOK_MS);
  }
}

function holds(server: net.Server, name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(name, () => resolve(true));
  });
}
