/**
 * The way between machines: connections are flow-controlled streams of the bus, datagrams are calls. A partition of two
 * nodes parts their Pods. The API server is reached over the bus as well, so that nothing here touches the network of
 * the machine that all this runs on, whatever address a Pod asks for.
 */
import type { Duplex } from 'node:stream';
import {
  API_SERVICE,
  type ApiRequest,
  type ApiResponse,
  type BusConnection,
  BusError,
  decode,
  encode,
  type IncomingCall,
  joinConnections,
  nodeService,
} from '@regatta/bus';
import { BusDuplex } from './bus-duplex.ts';
import { NetworkError, type NetworkErrorCode, type Peer } from './network-error.ts';
import type { PodNetwork } from './pod-network.ts';
import type { Uplink } from './service-router.ts';

interface DialRequest {
  readonly from: string;
  readonly to: Peer;
}

interface DatagramRequest {
  readonly sender: Peer;
  readonly to: Peer;
  readonly datagram: Uint8Array;
}

interface EchoRequest {
  readonly echo: string;
}

type DialResponse =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: NetworkErrorCode; readonly message: string };

/** Real milliseconds until a datagram that nobody took counts as lost. */
const DATAGRAM_TIMEOUT = 5_000;

export class BusUplink implements Uplink {
  constructor(private readonly bus: Pick<BusConnection, 'open' | 'call'>) {}

  async connect(nodeName: string, from: string, to: Peer): Promise<Duplex> {
    const request: DialRequest = { from, to };
    const { response, stream } = await told(() => this.bus.open(nodeService(nodeName), encode(request)));
    const answer = decode(response) as DialResponse;
    if (answer.ok) return new BusDuplex(stream);
    stream.abort('refused');
    throw new NetworkError(answer.code, answer.message);
  }

  async send(nodeName: string, sender: Peer, to: Peer, datagram: Uint8Array): Promise<void> {
    const request: DatagramRequest = { sender, to, datagram };
    const options = { timeout: DATAGRAM_TIMEOUT };
    try {
      const answer = decode(await this.bus.call(nodeService(nodeName), encode(request), options)) as DialResponse;
      if (!answer.ok) throw new NetworkError(answer.code, answer.message);
    } catch (error) {
      // A datagram that is lost on the way is nobody's error.
      if (!(error instanceof BusError)) throw error;
    }
  }

  async echo(nodeName: string, ip: string): Promise<boolean> {
    const request: EchoRequest = { echo: ip };
    try {
      return (
        decode(await this.bus.call(nodeService(nodeName), encode(request), { timeout: DATAGRAM_TIMEOUT })) === true
      );
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      return false;
    }
  }

  async connectApiServer(): Promise<Duplex> {
    const request: ApiRequest = { method: 'CONNECT', url: '', headers: {} };
    const { response, stream } = await told(() => this.bus.open(API_SERVICE, encode(request)));
    const { code } = decode(response) as ApiResponse;
    if (code === 200) return new BusDuplex(stream);
    stream.abort('refused');
    throw new NetworkError('ECONNREFUSED', 'Connection refused');
  }
}

async function told<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    if (error.code === 'no-responders') throw new NetworkError('EHOSTUNREACH', 'No route to host');
    throw new NetworkError('ETIMEDOUT', 'Connection timed out');
  }
}

/** Answers another node that wants to reach something here. */
export async function acceptDial(call: IncomingCall, network: PodNetwork): Promise<void> {
  const request = decode(call.request);
  if (isEcho(request)) return call.reply(encode(network.isLocal(request.echo)));
  if (isDatagram(request)) return acceptDatagram(call, request, network);
  if (!isDialRequest(request)) return call.fail('not a connection');
  let connection: Duplex;
  try {
    connection = network.deliver(request.from, request.to);
  } catch (error) {
    const stream = await call.accept(encode(refusal(error)));
    return stream.end();
  }
  const accepted: DialResponse = { ok: true };
  void joinConnections(connection, new BusDuplex(await call.accept(encode(accepted))));
}

async function acceptDatagram(call: IncomingCall, request: DatagramRequest, network: PodNetwork): Promise<void> {
  let answer: DialResponse = { ok: true };
  try {
    network.deliverDatagram(request.sender, request.to, request.datagram);
  } catch (error) {
    answer = refusal(error);
  }
  await call.reply(encode(answer));
}

function refusal(error: unknown): DialResponse {
  if (!(error instanceof NetworkError)) throw error;
  return { ok: false, code: error.code, message: error.message };
}

function isDialRequest(value: unknown): value is DialRequest {
  if (typeof value !== 'object' || value === null || !('from' in value) || !('to' in value)) return false;
  return typeof value.from === 'string' && isPeer(value.to);
}

function isEcho(value: unknown): value is EchoRequest {
  return typeof value === 'object' && value !== null && 'echo' in value && typeof value.echo === 'string';
}

function isDatagram(value: unknown): value is DatagramRequest {
  if (typeof value !== 'object' || value === null || !('sender' in value) || !('to' in value)) return false;
  return isPeer(value.sender) && isPeer(value.to) && 'datagram' in value && value.datagram instanceof Uint8Array;
}

function isPeer(value: unknown): value is Peer {
  if (typeof value !== 'object' || value === null || !('ip' in value) || !('port' in value)) return false;
  return typeof value.ip === 'string' && typeof value.port === 'number';
}
