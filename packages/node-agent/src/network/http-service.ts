/**
 * HTTP between emulated programs: Node's own HTTP parser on emulated connections. Loaded when a program first needs it.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ProcessContext } from '../runtime/process/process-context.ts';
import type { Peer } from './pod-network.ts';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Listens on a port of the process's Pod; the HTTP server itself is made at the first connection. */
export function listenLazily(process: ProcessContext, port: number, handler: RequestHandler): () => void {
  let server: Promise<Server> | undefined;
  const open = new Set<Duplex>();
  const stopListening = process.network.listen(process.ip, port, (connection, from) => {
    open.add(connection);
    connection.once('close', () => open.delete(connection));
    server ??= makeServer(handler);
    void server.then((made) => made.emit('connection', withPeer(connection, from)));
  });
  return () => {
    stopListening();
    for (const connection of open) connection.destroy();
  };
}

export const serveHttp = listenLazily;

async function makeServer(handler: RequestHandler): Promise<Server> {
  const { createServer } = await import('node:http');
  return createServer({ keepAliveTimeout: 65_000 }, handler);
}

/** Node's server asks its sockets for things that a plain stream has not. */
function withPeer(connection: Duplex, from: Peer): Duplex {
  return Object.assign(connection, {
    peerAddress: from.ip,
    remotePort: from.port,
    setTimeout: () => connection,
    setNoDelay: () => connection,
    setKeepAlive: () => connection,
  });
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
      createConnection: () => withPeer(connection, { ip: '', port: 0 }),
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
