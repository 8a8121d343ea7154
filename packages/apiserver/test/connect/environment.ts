/** What the handlers of `connect/` need, without a server around them. */
import { type EndpointSlice, type Node, type Pod, type Service, statusErrors } from '@regatta/api';
import { SystemClock, silentLogger } from '@regatta/runtime';
import type { ConnectEnvironment } from '../../src/connect/connect-environment.ts';
import { StreamPlaces } from '../../src/connect/stream-places.ts';
import { DialError, type Dialer } from '../../src/dial/dialer.ts';
import type { FakeNode } from './fake-node.ts';

export interface TestObjects {
  readonly pods?: readonly Pod[];
  readonly services?: readonly Service[];
  readonly nodes?: readonly Node[];
  readonly slices?: readonly EndpointSlice[];
  readonly dialer?: Dialer;
  readonly places?: StreamPlaces;
}

const NOBODY: Dialer = {
  dial: ({ ip, port }) => Promise.reject(new DialError(`dial tcp ${ip}:${port}: connect: connection refused`)),
  dialKubelet: (name) => Promise.reject(new DialError(`dial tcp ${name}:10250: connect: connection refused`)),
};

export function testEnvironment(node: Pick<FakeNode, 'bus'>, objects: () => TestObjects): ConnectEnvironment {
  const find = <T extends { metadata: { name: string } }>(
    list: readonly T[] = [],
    resource: string,
    name: string,
  ): T => {
    const found = list.find(({ metadata }) => metadata.name === name);
    if (!found) throw statusErrors.notFound({ group: '', resource }, name);
    return found;
  };
  const pod = (_namespace: string, name: string): Pod => find(objects().pods, 'pods', name);
  return {
    bus: node.bus,
    logger: silentLogger,
    clock: new SystemClock(),
    pingPeriod: 50,
    places: objects().places ?? new StreamPlaces(),
    pod,
    requireNode: (name) => {
      if (name === 'gone') throw statusErrors.notFound({ group: '', resource: 'pods' }, name);
    },
    proxy: {
      dialer: objects().dialer ?? NOBODY,
      random: { next: () => 0, uuid: () => '' },
      pod,
      service: (_namespace, name) => find(objects().services, 'services', name),
      node: (name) => find(objects().nodes, 'nodes', name),
      endpointSlices: (_namespace, service) =>
        (objects().slices ?? []).filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service),
    },
  };
}
