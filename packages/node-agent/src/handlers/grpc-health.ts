/**
 * Asks a server of the gRPC health protocol, grpc.health.v1.Health/Check (upstream: pkg/probe/grpc/grpc.go).
 *
 * HTTP/2 is Node's, on an emulated connection; the two messages are small enough to be read and written here.
 */
import type { ClientHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';

export type ServingStatus = 'UNKNOWN' | 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

const STATUSES: readonly ServingStatus[] = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** The names of gRPC's status codes, by number (google.golang.org/grpc/codes). */
const CODES = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

export class GrpcError extends Error {
  constructor(
    /** Go's name of the code: Unimplemented, Unavailable … */
    readonly status: string,
    readonly text: string,
  ) {
    super(`rpc error: code = ${status} desc = ${text}`);
    this.name = 'GrpcError';
  }
}

/** The longest answer that is read: one small message. */
const LONGEST_ANSWER = 64 * 1024;

/** @throws GrpcError for an answer that is none */
export async function checkHealth(
  connection: Duplex,
  authority: string,
  service: string,
  signal: AbortSignal,
): Promise<ServingStatus> {
  const http2 = await import('node:http2');
  const session = http2.connect(`http://${authority}`, { createConnection: () => connection });
  try {
    return await new Promise<ServingStatus>((resolve, reject) => {
      const fail = (error: Error): void => reject(new GrpcError('Unavailable', error.message));
      session.once('error', fail);
      session.once('close', () => fail(new Error('connection closed before server preface received')));
      signal.addEventListener('abort', () => reject(new GrpcError('DeadlineExceeded', 'context deadline exceeded')), {
        once: true,
      });
      const stream = session.request({
        ':method': 'POST',
        ':scheme': 'http',
        ':path': '/grpc.health.v1.Health/Check',
        ':authority': authority,
        'content-type': 'application/grpc',
        'user-agent': 'kube-probe/1.36 grpc-go/1.78.0',
        te: 'trailers',
      });
      stream.once('error', fail);
      answer(stream).then(resolve, reject);
      stream.end(framed(requestOf(service)));
    });
  } finally {
    session.destroy();
  }
}

async function answer(stream: ClientHttp2Stream): Promise<ServingStatus> {
  const head: Record<string, string | string[] | undefined | number> = {};
  stream.once('response', (headers) => Object.assign(head, headers));
  stream.once('trailers', (headers) => Object.assign(head, headers));
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > LONGEST_ANSWER) throw new GrpcError('ResourceExhausted', 'received message larger than max');
  }
  const status = head['grpc-status'];
  if (status === undefined) {
    const code = Number(head[':status'] ?? 0);
    throw new GrpcError(
      code === 404 ? 'Unimplemented' : 'Unknown',
      `unexpected HTTP status code received from server: ${code}`,
    );
  }
  if (Number(status) !== 0)
    throw new GrpcError(
      CODES[Number(status)] ?? `Code(${status})`,
      decodeURIComponent(String(head['grpc-message'] ?? '')),
    );
  return statusOf(Buffer.concat(chunks).subarray(5));
}

/** A message with its length before it, uncompressed. */
function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** HealthCheckRequest: field 1, a string; a default value is not written. */
function requestOf(service: string): Uint8Array {
  const name = Buffer.from(service);
  if (name.length === 0) return name;
  const length: number[] = [];
  let rest = name.length;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([0x0a, ...length, rest]), name]);
}

/** HealthCheckResponse: field 1, an enum. */
function statusOf(message: Uint8Array): ServingStatus {
  const value = message[0] === 0x08 ? (message[1] ?? 0) : 0;
  return STATUSES[value] ?? 'UNKNOWN';
}
