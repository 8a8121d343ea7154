/**
 * A DNS server on the emulated network, over UDP and TCP: each node answers for the cluster's DNS address itself, from
 * what it knows of the API, as a node-local cache does.
 *
 * Invariants: an answer that doesn't fit is cut and marked so (TC) over UDP; a query that is malformed gets FORMERR or,
 * where not even its id can be read, nothing; a TCP connection serves one query after the other and is bounded.
 */
import type { Random } from '@regatta/runtime';
import type { Connection } from '../connection.ts';
import type { DatagramSocket } from '../datagram-socket.ts';
import type { PodNetwork } from '../pod-network.ts';
import type { ZoneAnswer } from './cluster-zone.ts';
import { DnsFormatError, type DnsMessage, decodeMessage, encodeMessage, type Question } from './message.ts';

export const DNS_PORT = 53;
/** What every resolver can receive by UDP. */
const PLAIN_UDP_SIZE = 512;
/** What this server says, and believes, at most. */
const OWN_UDP_SIZE = 1232;
const HEADER_SIZE = 12;

/** Answers questions. May fail: the client then gets SERVFAIL. */
export type Answerer = (question: Question) => Promise<ZoneAnswer>;

export class DnsServer {
  constructor(
    private readonly network: PodNetwork,
    private readonly address: string,
    private readonly answerer: Answerer,
    private readonly random: Random,
  ) {}

  /** @throws NetworkError `EADDRINUSE` */
  start(): void {
    void this.#serveUdp(this.network.openSocket(this.address, DNS_PORT));
    this.network.listen(this.address, DNS_PORT, (connection) => void this.#serveTcp(connection));
  }

  async #serveUdp(socket: DatagramSocket): Promise<void> {
    for await (const { bytes, from } of socket.datagrams) {
      void this.#reply(bytes, 'udp').then((reply) => {
        // Whoever asked may be gone: then nobody misses the answer.
        if (reply !== undefined) return socket.send(from, reply).catch(() => {});
      });
    }
  }

  async #serveTcp(connection: Connection): Promise<void> {
    let rest = Buffer.alloc(0);
    try {
      for await (const chunk of connection) {
        rest = Buffer.concat([rest, chunk as Uint8Array]);
        while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
          const length = rest.readUInt16BE(0);
          const reply = await this.#reply(rest.subarray(2, 2 + length), 'tcp');
          rest = rest.subarray(2 + length);
          if (reply === undefined) return connection.reset();
          connection.write(framed(reply));
        }
      }
      connection.end();
    } catch {
      connection.destroy();
    }
  }

  async #reply(bytes: Uint8Array, over: 'udp' | 'tcp'): Promise<Uint8Array | undefined> {
    if (bytes.length < HEADER_SIZE) return undefined;
    const query = parse(bytes);
    if (query === undefined)
      return encodeMessage(response({ id: ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0) }, 'FORMERR'));
    if (query.isResponse) return undefined;
    const full = await this.#answer(query);
    const encoded = encodeMessage(full);
    const room = over === 'tcp' ? Number.POSITIVE_INFINITY : Math.min(query.udpSize ?? PLAIN_UDP_SIZE, OWN_UDP_SIZE);
    if (encoded.length <= Math.max(room, PLAIN_UDP_SIZE)) return encoded;
    return encodeMessage({ ...full, truncated: true, answers: [], authority: [], additional: [] });
  }

  async #answer(query: DnsMessage): Promise<DnsMessage> {
    const { question } = query;
    if (question === undefined) return response(query, 'FORMERR');
    try {
      const { rcode, answers, authority, additional } = await this.answerer(question);
      return { ...response(query, rcode), answers: this.#shuffled(answers), authority, additional };
    } catch {
      return response(query, 'SERVFAIL');
    }
  }

  /** CoreDNS' loadbalance plugin: addresses come in another order each time, CNAMEs stay in front. */
  #shuffled(answers: ZoneAnswer['answers']): ZoneAnswer['answers'] {
    const first = answers.filter(({ type }) => type === 'CNAME');
    const rest = answers.filter(({ type }) => type !== 'CNAME');
    const turn = Math.floor(this.random.next() * rest.length);
    return [...first, ...rest.slice(turn), ...rest.slice(0, turn)];
  }
}

function parse(bytes: Uint8Array): DnsMessage | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (!(error instanceof DnsFormatError)) throw error;
    return undefined;
  }
}

function response(query: Pick<DnsMessage, 'id'> & Partial<DnsMessage>, rcode: DnsMessage['rcode']): DnsMessage {
  return {
    id: query.id,
    isResponse: true,
    authoritative: rcode !== 'FORMERR' && rcode !== 'SERVFAIL',
    truncated: false,
    recursionDesired: query.recursionDesired ?? false,
    recursionAvailable: false,
    rcode,
    question: query.question,
    answers: [],
    authority: [],
    additional: [],
    udpSize: query.udpSize === undefined ? undefined : OWN_UDP_SIZE,
  };
}

/** A message as it goes over TCP: its length first. */
export function framed(message: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(2 + message.length);
  bytes.writeUInt16BE(message.length, 0);
  bytes.set(message, 2);
  return bytes;
}
