/**
 * Machines that share Services and a network, without agents: what connections and names need, and nothing more.
 */
import type { Readable } from 'node:stream';
import type { EndpointSlice, KubeObject, Node, Service } from '@regatta/api';
import { ClusterClock, constantTimeline, SystemClock, seededRandom } from '@regatta/runtime';
import { NetworkError } from '../../src/network/network-error.ts';
import type { PodNetwork } from '../../src/network/pod-network.ts';
import type { Uplink } from '../../src/network/service-router.ts';
import type { ChangeHandler, Follow } from '../../src/network/service-table.ts';
import { setUpNetwork } from '../../src/network/set-up-network.ts';

export const CLUSTER_DNS = '10.96.0.10';

/** A collection whose changes handlers hear of at once. */
export class TestCollection<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #handlers = new Set<ChangeHandler<T>>();

  readonly follow: Follow<T> = async (handler) => {
    this.#handlers.add(handler);
    for (const object of this.#objects.values()) handler.onAdd(object);
  };

  set(object: T): void {
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const handler of this.#handlers) {
      if (old === undefined) handler.onAdd(object);
      else handler.onUpdate(object, old);
    }
  }

  delete(object: T): void {
    this.#objects.delete(`${object.metadata.namespace}/${object.metadata.name}`);
    for (const handler of this.#handlers) handler.onDelete(object);
  }
}

export class TestNetwork {
  readonly clock = new ClusterClock(new SystemClock(), constantTimeline(1));
  readonly services = new TestCollection<Service>();
  readonly endpointSlices = new TestCollection<EndpointSlice>();
  readonly nodes = new TestCollection<Node>();
  readonly #machines = new Map<string, PodNetwork>();
  /** Machines that cannot be reached. */
  readonly cutOff = new Set<string>();

  /** A machine `node-N` at 192.168.49.(N+1) with Pods in 10.244.N.0/24. */
  machine(number: number): PodNetwork {
    const name = `node-${number}`;
    const ip = `192.168.49.${number + 1}`;
    const podCIDR = `10.244.${number}.0/24`;
    this.nodes.set({
      metadata: { name },
      spec: { podCIDR },
      status: { addresses: [{ type: 'InternalIP', address: ip }] },
    });
    const network = setUpNetwork({
      machine: { name, ip },
      objects: {
        services: this.services.follow,
        endpointSlices: this.endpointSlices.follow,
        nodes: this.nodes.follow,
      },
      uplink: this.#uplink(),
      clusterDns: CLUSTER_DNS,
      clusterDomain: 'cluster.local',
      clock: this.clock,
      random: seededRandom(number),
    });
    network.setRange(podCIDR);
    this.#machines.set(name, network);
    return network;
  }

  #uplink(): Uplink {
    const reach = (name: string): PodNetwork => {
      const network = this.#machines.get(name);
      if (network === undefined || this.cutOff.has(name)) throw new NetworkError('ETIMEDOUT', 'Connection timed out');
      return network;
    };
    return {
      connect: async (name, from, to) => reach(name).deliver(from, to),
      send: async (name, from, to, bytes) => reach(name).deliverDatagram(from, to, bytes),
      echo: async (name, ip) => reach(name).isLocal(ip),
      connectApiServer: () => Promise.reject(new NetworkError('ECONNREFUSED', 'Connection refused')),
    };
  }

  service(name: string, spec: Service['spec'], uid = name): Service {
    const service: Service = { metadata: { name, namespace: 'shop', uid }, spec };
    this.services.set(service);
    return service;
  }

  slice(
    service: string,
    endpoints: EndpointSlice['endpoints'],
    ports: EndpointSlice['ports'],
    suffix = '1',
  ): EndpointSlice {
    const slice: EndpointSlice = {
      metadata: {
        name: `${service}-${suffix}`,
        namespace: 'shop',
        labels: { 'kubernetes.io/service-name': service },
      },
      addressType: 'IPv4',
      endpoints,
      ports,
    };
    this.endpointSlices.set(slice);
    return slice;
  }
}

/** Listens at an address and says its name to everybody. */
export function announce(network: PodNetwork, ip: string, port: number, name: string): void {
  network.listen(ip, port, (connection) => connection.end(name));
}

/** Reads to the end; what the other direction does is its own business. */
export async function textFrom(connection: Readable): Promise<string> {
  let text = '';
  for await (const chunk of connection.iterator({ destroyOnReturn: false })) text += String(chunk);
  return text;
}
