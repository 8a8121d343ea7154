/**
 * Which endpoint of a Service a new connection or flow gets (upstream: pkg/proxy/topology.go, CategorizeEndpoints).
 *
 * Ready endpoints come first; when a Service has none of them, those that end and still serve. A policy of Local takes
 * only endpoints of one node, and drops (no answer at all) when the Service has others but none there; without any
 * endpoint a Service refuses. Owns the memory of session affinity: at most AFFINITY_LIMIT clients, the longest unseen
 * going first.
 */
import type { ClusterClock, Random } from '@regatta/runtime';
import { NetworkError } from './network-error.ts';
import type { Frontend, ServiceEndpoint, ServiceTable } from './service-table.ts';

export const AFFINITY_LIMIT = 10_000;
const DEFAULT_AFFINITY_SECONDS = 10_800;

interface Affinity {
  readonly endpoint: string;
  readonly seenAt: number;
}

export class EndpointChoice {
  readonly #affinities = new Map<string, Affinity>();

  constructor(
    private readonly table: ServiceTable,
    private readonly clock: ClusterClock,
    private readonly random: Random,
  ) {}

  /**
   * @param localTo the node whose endpoints alone a policy of Local takes; undefined when the policy doesn't count
   * @throws NetworkError `ECONNREFUSED` without endpoints, `ETIMEDOUT` where the packet would be dropped
   */
  choose(frontend: Frontend, client: string, localTo: string | undefined): ServiceEndpoint {
    const all = this.table.endpoints(frontend.service, frontend.port);
    const usable = preferReady(localTo === undefined ? all : all.filter(({ nodeName }) => nodeName === localTo));
    if (usable.length === 0) {
      if (localTo !== undefined && preferReady(all).length > 0)
        throw new NetworkError('ETIMEDOUT', 'Connection timed out');
      throw new NetworkError('ECONNREFUSED', 'Connection refused');
    }
    const { sessionAffinity } = frontend.service.spec;
    return sessionAffinity === 'ClientIP' ? this.#remembered(frontend, client, usable) : this.#any(usable);
  }

  #any(endpoints: readonly ServiceEndpoint[]): ServiceEndpoint {
    const chosen = endpoints[Math.floor(this.random.next() * endpoints.length)] ?? endpoints[0];
    if (chosen === undefined) throw new NetworkError('ECONNREFUSED', 'Connection refused');
    return chosen;
  }

  #remembered({ service, port }: Frontend, client: string, endpoints: readonly ServiceEndpoint[]): ServiceEndpoint {
    const key = `${service.metadata.uid}/${port.name ?? ''}/${port.port}/${client}`;
    const seconds = service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS;
    const known = this.#affinities.get(key);
    const isFresh = known !== undefined && this.clock.elapsed(known.seenAt) < seconds * 1000;
    const chosen = (isFresh && endpoints.find((one) => nameOf(one) === known.endpoint)) || this.#any(endpoints);
    this.#affinities.delete(key);
    this.#affinities.set(key, { endpoint: nameOf(chosen), seenAt: this.clock.now() });
    const [oldest] = this.#affinities.keys();
    if (this.#affinities.size > AFFINITY_LIMIT && oldest !== undefined) this.#affinities.delete(oldest);
    return chosen;
  }
}

function preferReady(endpoints: readonly ServiceEndpoint[]): readonly ServiceEndpoint[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  return ready.length > 0 ? ready : endpoints.filter(({ serving, terminating }) => serving && terminating);
}

function nameOf({ ip, port }: ServiceEndpoint): string {
  return `${ip}:${port}`;
}
