/**
 * Connections between nodes, as flow-controlled streams of the bus: a partition of two nodes parts their Pods.
 */
import { type Duplex, Duplex as DuplexStream, Readable, Writable } from 'node:stream';
import {
  type BusConnection,
  BusError,
  type BusStream,
  decode,
  encode,
  type IncomingCall,
  nodeService,
} from '@regatta/bus';
import { NetworkError, type NetworkErrorCode, type Peer, type PodNetwork } from './pod-network.ts';
import type { Dial } from './service-router.ts';

interface DialRequest {
  readonly from: string;
  readonly to: Peer;
}

type DialResponse =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: NetworkErrorCode; readonly message: string };

export function busDial(bus: Pick<BusConnection, 'open'>): Dial {
  return async (nodeName, from, to) => {
    const request: DialRequest = { from, to };
    try {
      const { response, stream } = await bus.open(nodeService(nodeName), encode(request));
      const answer = decode(response) as DialResponse;
      if (answer.ok) return asDuplex(stream);
      stream.abort('refused');
      throw new NetworkError(answer.code, answer.message);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      if (error.code === 'no-responders') throw new NetworkError('EHOSTUNREACH', 'No route to host');
      throw new NetworkError('ETIMEDOUT', 'Connection timed out');
    }
  };
}

/** Answers another node that wants to connect to something here. */
export async function acceptDial(call: IncomingCall, network: PodNetwork): Promise<void> {
  const request = decode(call.request);
  if (!isDialRequest(request)) return call.fail('not a connection');
  let connection: Duplex;
  try {
    connection = network.deliver(request.from, request.to);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    const refusal: DialResponse = { ok: false, code: error.code, message: error.message };
    const stream = await call.accept(encode(refusal));
    return stream.end();
  }
  const accepted: DialResponse = { ok: true };
  const far = asDuplex(await call.accept(encode(accepted)));
  for (const [side, other] of [
    [connection, far],
    [far, connection],
  ] as const) {
    side.on('error', () => other.destroy());
    side.pipe(other);
  }
}

function asDuplex(stream: BusStream): Duplex {
  const writable = new Writable({
    write: (chunk: Uint8Array, _encoding, done) => void stream.write(chunk).then(() => done(), done),
    final: (done) => void stream.end().then(() => done(), done),
    destroy: (error, done) => {
      if (error) stream.abort(error.message);
      done(error);
    },
  });
  const duplex = DuplexStream.from({ readable: Readable.from(stream.frames, { objectMode: false }), writable });
  duplex.on('error', () => stream.abort('the connection broke'));
  return duplex;
}

function isDialRequest(value: unknown): value is DialRequest {
  if (typeof value !== 'object' || value === null || !('from' in value) || !('to' in value)) return false;
  const { from, to } = value;
  if (typeof from !== 'string' || typeof to !== 'object' || to === null) return false;
  return 'ip' in to && typeof to.ip === 'string' && 'port' in to && typeof to.port === 'number';
}
