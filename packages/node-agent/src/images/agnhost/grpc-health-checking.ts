/**
 * agnhost grpc-health-checking: a server of grpc.health.v1.Health that can be told to be unhealthy, by time or over HTTP
 * (upstream: test/images/agnhost/grpc-health-checking/grpc-health-checking.go).
 */
import type { ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { parseFlags } from './flags.ts';
import { runUntilKilled, serveRoutes, text } from './go-server.ts';

const CHECK = '/grpc.health.v1.Health/Check';
/** HealthCheckResponse.ServingStatus. */
const UNKNOWN = 0;
const SERVING = 1;
const NOT_SERVING = 2;
/** gRPC's codes. */
const OK = '0';
const UNIMPLEMENTED = '12';
/** Bytes of a request: one small message. */
const LONGEST_REQUEST = 64 * 1024;

export function grpcHealthChecking(process: ProcessContext): Promise<number> {
  const flags = parseFlags(process.argv.slice(2));
  const port = flags.number('port', 5000);
  const httpPort = flags.number('http-port', 8080);
  const delay = flags.number('delay-unhealthy-sec', -1) * 1000;
  const service = flags.text('service', '');
  const startedAt = process.clock.now();
  let told: number | undefined;
  const status = (asked: string): number => {
    if (asked !== service) return UNKNOWN;
    if (told !== undefined) return told;
    return delay >= 0 && process.clock.elapsed(startedAt) >= delay ? NOT_SERVING : SERVING;
  };
  const stop = listen(process, port, status);
  process.killed.addEventListener('abort', stop, { once: true });
  const tell = (value: number, answer: string) => ({
    [answer]: ({ response }: Parameters<Parameters<typeof serveRoutes>[2][string]>[0]) => {
      told = value;
      text(response, `Will serve ${value === SERVING ? 'serving' : 'not-serving'}\n`);
    },
  });
  serveRoutes(process, httpPort, { ...tell(SERVING, '/make-serving'), ...tell(NOT_SERVING, '/make-not-serving') });
  process.write(
    'stderr',
    `gRPC server starting to listen on :${port}\nHttp server starting to listen on :${httpPort}\n`,
  );
  return runUntilKilled(process);
}

function listen(process: ProcessContext, port: number, status: (service: string) => number): () => void {
  let server: Promise<{ emit(event: 'connection', connection: Duplex): boolean }> | undefined;
  const make = async () => {
    const { createServer } = await import('node:http2');
    const made = createServer();
    made.on('sessionError', () => {});
    made.on('stream', (stream, headers) => void answer(stream, String(headers[':path']), status));
    return made;
  };
  return process.network.listen(process.ip, port, (connection) => {
    server ??= make();
    void server.then((made) => made.emit('connection', connection));
  });
}

async function answer(stream: ServerHttp2Stream, path: string, status: (service: string) => number): Promise<void> {
  stream.on('error', () => {});
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > LONGEST_REQUEST) return stream.close();
  }
  const isCheck = path === CHECK;
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  const refusal = { 'grpc-status': UNIMPLEMENTED, 'grpc-message': `unknown method ${path}` };
  stream.once('wantTrailers', () => stream.sendTrailers(isCheck ? { 'grpc-status': OK } : refusal));
  stream.end(isCheck ? response(status(serviceOf(Buffer.concat(chunks).subarray(5)))) : undefined);
}

/** HealthCheckRequest: field 1, a string shorter than 128 bytes. */
function serviceOf(message: Uint8Array): string {
  const length = message[0] === 0x0a ? (message[1] ?? 0) : 0;
  return Buffer.from(message.subarray(2, 2 + length)).toString();
}

/** HealthCheckResponse, with its length before it. */
function response(status: number): Buffer {
  const message = status === UNKNOWN ? [] : [0x08, status];
  return Buffer.from([0, 0, 0, 0, message.length, ...message]);
}
