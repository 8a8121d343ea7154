/**
 * The resolver of a container (the C library's): names by /etc/hosts, then by the name servers of /etc/resolv.conf.
 *
 * Its timeouts are real time, as all that belongs to transport. Invariant: both files are read at each question, so that
 * what a user writes into them counts at once.
 */
import type { Clock } from '@regatta/runtime';
import { isIpv4 } from '../ipv4.ts';
import { NetworkError, type Peer } from '../network-error.ts';
import type { PodNetwork } from '../pod-network.ts';
import { exchange } from './dns-client.ts';
import type { DnsMessage, RecordType } from './message.ts';
import {
  candidates,
  type HostEntry,
  hostAddresses,
  parseHosts,
  parseResolvConf,
  type ResolverConfig,
} from './resolver-config.ts';

export interface ResolverOptions {
  readonly network: PodNetwork;
  /** The address that questions come from. */
  readonly ip: string;
  readonly clock: Clock;
  /** The text of a file of the container; undefined when it isn't there. */
  readFile(path: string): string | undefined;
}

export interface QueryOptions {
  /** The server to ask in place of resolv.conf's. */
  readonly server?: Peer;
  readonly tcp?: boolean;
  /** Real milliseconds for one try. */
  readonly timeout?: number;
  readonly attempts?: number;
  readonly signal?: AbortSignal;
}

export interface Resolver {
  /** IPv4 addresses of a name. @throws NetworkError `ENOTFOUND`, `EAI_AGAIN` */
  lookup(name: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** Asks for exactly this name. @throws NetworkError `EAI_AGAIN` when nobody answers */
  query(name: string, type: RecordType, options?: QueryOptions): Promise<DnsMessage>;
  readonly config: ResolverConfig;
  readonly hosts: readonly HostEntry[];
}

export class ContainerResolver implements Resolver {
  constructor(private readonly options: ResolverOptions) {}

  get config(): ResolverConfig {
    return parseResolvConf(this.options.readFile('/etc/resolv.conf') ?? '');
  }

  get hosts(): readonly HostEntry[] {
    return parseHosts(this.options.readFile('/etc/hosts') ?? '');
  }

  async lookup(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    if (isIpv4(name)) return [name];
    const known = hostAddresses(this.hosts, name);
    if (known.length > 0) return known;
    // RFC 6761; programs don't ask servers for it.
    if (name === 'localhost') return ['127.0.0.1'];
    const options = signal === undefined ? {} : { signal };
    for (const candidate of candidates(name, this.config)) {
      const { rcode, answers } = await this.query(candidate, 'A', options);
      const addresses = answers.flatMap((record) => (record.type === 'A' ? record.value : []));
      if (addresses.length > 0) return addresses;
      if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') throw tryAgain();
    }
    throw new NetworkError('ENOTFOUND', 'Name or service not known');
  }

  async query(name: string, type: RecordType, options: QueryOptions = {}): Promise<DnsMessage> {
    const { nameservers, timeout, attempts } = this.config;
    const servers = options.server ? [options.server] : nameservers.map((ip) => ({ ip, port: 53 }));
    for (let attempt = 0; attempt < (options.attempts ?? attempts); attempt++) {
      for (const server of servers) {
        options.signal?.throwIfAborted();
        const answer = await this.#ask(server, name, type, { timeout, ...options });
        if (answer !== undefined) return answer;
      }
    }
    throw tryAgain();
  }

  /** Undefined when the server doesn't answer. */
  async #ask(
    server: Peer,
    name: string,
    type: RecordType,
    { timeout, tcp = false, signal }: QueryOptions & { readonly timeout: number },
  ): Promise<DnsMessage | undefined> {
    const { network, ip, clock } = this.options;
    const line = { network, ip, clock, server, timeout, ...(signal === undefined ? {} : { signal }) };
    try {
      const answer = await exchange(line, { name: name.replace(/\.$/, ''), type }, tcp ? 'tcp' : 'udp');
      return answer.truncated && !tcp ? await exchange(line, { name: name.replace(/\.$/, ''), type }, 'tcp') : answer;
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      return undefined;
    }
  }
}

function tryAgain(): NetworkError {
  return new NetworkError('EAI_AGAIN', 'Temporary failure in name resolution');
}
