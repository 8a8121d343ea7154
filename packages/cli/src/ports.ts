/**
 * Which TCP ports of this machine are free.
 */
import net from 'node:net';
import { type Random, systemRandom } from '@regatta/runtime';
import { CliError } from './cli-error.ts';

const HOST = '127.0.0.1';

/**
 * Below the ports that systems give to outgoing connections: whoever starts again on its port finds no stranger's connection
 * there.
 */
const OWN_PORTS = { first: 20_000, count: 10_000 } as const;
const TRIES = 50;

/** A port that nobody listens on just now. */
export async function freePort(random: Random = systemRandom): Promise<number> {
  for (let i = 0; i < TRIES; i++) {
    const port = OWN_PORTS.first + Math.floor(random.next() * OWN_PORTS.count);
    if (await canListen(port)) return port;
  }
  return listenOnce(0);
}

function canListen(port: number): Promise<boolean> {
  return listenOnce(port).then(
    () => true,
    () => false,
  );
}

/** @throws CliError when somebody listens on `port` or this user may not */
export async function requireFreePort(port: number): Promise<void> {
  try {
    await listenOnce(port);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE') {
      throw new CliError(`Port ${port} is taken. Stop what listens there, or choose another one with --port.`);
    }
    if (code === 'EACCES')
      throw new CliError(`This user may not listen on port ${port}. Choose one above 1023 with --port.`);
    throw error;
  }
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(port, HOST, () => {
      const address = server.address();
      const taken = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(taken));
    });
  });
}
