/**
 * One question to one DNS server, over UDP or TCP. Time is real: a server that is silent for `timeout` has not answered.
 */
import type { Clock } from '@regatta/runtime';
import { NetworkError, type Peer } from '../network-error.ts';
import type { PodNetwork } from '../pod-network.ts';
import { framed } from './dns-server.ts';
import { DnsFormatError, type DnsMessage, decodeMessage, encodeMessage, type Question } from './message.ts';

export interface DnsLine {
  readonly network: PodNetwork;
  readonly ip: string;
  readonly clock: Clock;
  readonly server: Peer;
  /** Real milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
}

const UDP_SIZE = 1232;
let lastId = 0;

/** @throws NetworkError `ETIMEDOUT`, `ECONNREFUSED`, `EHOSTUNREACH` */
export async function exchange(line: DnsLine, question: Question, over: 'udp' | 'tcp'): Promise<DnsMessage> {
  lastId = (lastId + 1) % 0x10000;
  const id = lastId;
  const query = encodeMessage({
    id,
    isResponse: false,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    rcode: 'NOERROR',
    question,
    answers: [],
    authority: [],
    additional: [],
    udpSize: UDP_SIZE,
  });
  const end = new AbortController();
  const timer = line.clock.setTimer(line.timeout, () => end.abort());
  const stop = (): void => end.abort();
  line.signal?.addEventListener('abort', stop, { once: true });
  try {
    return await (over === 'udp' ? byUdp(line, id, query, end.signal) : byTcp(line, id, query, end.signal));
  } finally {
    timer.cancel();
    line.signal?.removeEventListener('abort', stop);
  }
}

async function byUdp(
  { network, ip, server }: DnsLine,
  id: number,
  query: Uint8Array,
  signal: AbortSignal,
): Promise<DnsMessage> {
  const socket = network.openSocket(ip, 0, { connectedTo: server });
  signal.addEventListener('abort', () => socket.close(), { once: true });
  try {
    await socket.send(server, query);
    for await (const { bytes } of socket.datagrams) {
      const answer = parsed(bytes);
      if (answer?.id === id && answer.isResponse) return answer;
    }
    throw new NetworkError('ETIMEDOUT', 'connection timed out; no servers could be reached');
  } finally {
    socket.close();
  }
}

async function byTcp(
  { network, ip, server }: DnsLine,
  id: number,
  query: Uint8Array,
  signal: AbortSignal,
): Promise<DnsMessage> {
  const connection = await network.connect(ip, server);
  signal.addEventListener('abort', () => connection.destroy(), { once: true });
  connection.write(framed(query));
  let rest = Buffer.alloc(0);
  try {
    for await (const chunk of connection) {
      rest = Buffer.concat([rest, chunk as Uint8Array]);
      if (rest.length < 2 || rest.length < 2 + rest.readUInt16BE(0)) continue;
      const answer = parsed(rest.subarray(2, 2 + rest.readUInt16BE(0)));
      if (answer?.id === id) return answer;
    }
  } catch (error) {
    if (!(error instanceof NetworkError) && !signal.aborted) throw error;
  } finally {
    connection.destroy();
  }
  throw new NetworkError('ETIMEDOUT', 'connection timed out; no servers could be reached');
}

function parsed(bytes: Uint8Array): DnsMessage | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (!(error instanceof DnsFormatError)) throw error;
    return undefined;
  }
}
