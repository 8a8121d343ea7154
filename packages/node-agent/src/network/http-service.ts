/**
 * HTTP between emulated programs: Node's own HTTP parser on emulated connections. Loaded when a program first needs it.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ProcessContext } from '../runtime/process/process-context.ts';
import { asSocket } from './socket-like.ts';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Listens on a port of the process's Pod; the HTTP server itself is made at the first connection. */
export function listenLazily(process: Listening, port: number, handler: RequestHandler, address?: string): () => void {
  return listenWith(process, port, () => makeServer(handler), address);
}

type Listening = Pick<ProcessContext, 'network' | 'ip' | 'killed'>;

/** The same with any server that takes connections; one that can't be made closes them. */
export function listenWith(
  process: Listening,
  port: number,
  make: () => Promise<{ emit(event: 'connection', connection: Duplex): boolean }>,
  address?: string,
): () => void {
  let server: ReturnType<typeof make> | undefined;
  const open = new Set<Duplex>();
  const accept = (connection: Duplex): void => {
    open.add(connection);
    connection.once('close', () => open.delete(connection));
    server ??= make();
    server.then(
      (made) => made.emit('connection', connection),
      () => connection.destroy(),
    );
  };
  const stopListening = process.network.listen(process.ip, port, accept, address);
  const stop = (): void => {
    stopListening();
    for (const connection of open) connection.destroy();
  };
  process.killed.addEventListener('abort', stop, { once: true });
  return stop;
}

async function makeServer(handler: RequestHandler): Promise<Server> {
  const { createServer } = await import('node:http');
  return createServer({ keepAliveTimeout: 65_000 }, handler);
}

export interface HttpAnswer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

export interface HttpCall {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Bytes of the answer's body that are kept. */
  readonly limit: number;
}

/** One request on a connection that is already there. */
export async function request(connection: Duplex, call: HttpCall): Promise<HttpAnswer> {
  const http = await import('node:http');
  return new Promise((resolve, reject) => {
    const outgoing = http.request({
      method: call.method,
      path: call.path,
      headers: call.headers,
      createConnection: () => asSocket(connection, { ip: '', port: 0 }),
    });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      incoming.on('data', (chunk: Uint8Array) => {
        if (size < call.limit) chunks.push(chunk.subarray(0, call.limit - size));
        size += chunk.length;
      });
      incoming.once('error', reject);
      incoming.once('end', () => {
        connection.destroy();
        resolve({ code: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) });
      });
    });
    outgoing.end(call.body);
  });
}
