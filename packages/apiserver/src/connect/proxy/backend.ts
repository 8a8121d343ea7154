/**
 * One HTTP request to what is behind a proxy, on a connection of its own.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type StatusError, statusErrors } from '@regatta/api';
import { DialError } from '../../dial/dialer.ts';
import type { ProxyTarget } from './proxy-target.ts';

export interface BackendRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
}

export interface BackendAnswer {
  readonly message: IncomingMessage;
  /** The connection and what came behind the answer's head, when the server changed to another protocol. */
  readonly upgraded?: { readonly socket: Duplex; readonly head: Buffer };
}

/**
 * @param send writes the body and ends the request
 * @throws StatusError 503
 */
export async function askBackend(
  target: ProxyTarget,
  { method, path, headers }: BackendRequest,
  send: (request: ClientRequest) => void,
  signal: AbortSignal,
): Promise<BackendAnswer> {
  const { request } = await import('node:http');
  const connection = await connect(target, signal);
  const abandon = (): void => void connection.destroy();
  signal.addEventListener('abort', abandon, { once: true });
  connection.once('close', () => signal.removeEventListener('abort', abandon));
  if (signal.aborted) abandon();
  return new Promise((resolve, reject) => {
    const outgoing = request({ method, path, headers, setHost: false, createConnection: () => connection });
    outgoing.once('error', (error: NodeJS.ErrnoException) => reject(unreachable(reasonOf(error))));
    outgoing.once('response', (message) => resolve({ message }));
    outgoing.once('upgrade', (message, socket, head) => resolve({ message, upgraded: { socket, head } }));
    send(outgoing);
  });
}

async function connect(target: ProxyTarget, signal: AbortSignal): Promise<Duplex> {
  try {
    const connection = await target.connect(signal);
    if (!target.tls) return connection;
    const tls = await import('node:tls');
    // As upstream's proxy transport: whoever may use the proxy knows the Pod by its address alone.
    return tls.connect({ socket: connection, rejectUnauthorized: false });
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    throw unreachable(error.message);
  }
}

function unreachable(why: string): StatusError {
  return statusErrors.serviceUnavailable(`error trying to reach service: ${why}`);
}

/** As Go's client words it. */
function reasonOf({ code = '', message }: NodeJS.ErrnoException): string {
  if (code === 'ECONNRESET') return 'EOF';
  if (code.startsWith('HPE_')) return 'net/http: HTTP/1.x transport connection broken: malformed HTTP response';
  return message;
}
