/**
 * API aggregation: APIServices, and the servers of others that answer for them.
 */

import type { Service } from '@regatta/api';
import type { Clock } from '@regatta/runtime';
import type { ProxyEnvironment } from '../connect/proxy/proxy-target.ts';
import type { Pki } from '../pki/mod.ts';
import type { ResourceRegistry } from '../registry/resource-registry.ts';
import type { ServerContext } from '../server/context.ts';
import { type ObjectStorage, storageKey } from '../storage/mod.ts';
import { ExtensionClient } from './extension-client.ts';
import { RemoteApis } from './remote-apis.ts';

export { CustomServices, registerBuiltIns } from './local-services.ts';
export { headersFor, proxyCall, type Remotes, remoteOf, targetOf } from './proxy-call.ts';
export { RemoteApis } from './remote-apis.ts';
export { authenticationConfigMap, FRONT_PROXY_NAMES } from './remote-user.ts';

export interface AggregationParts {
  readonly server: ServerContext;
  readonly resources: ResourceRegistry;
  readonly pki: Pki;
  /** The way to Services; undefined without a bus. */
  readonly reach: ProxyEnvironment | undefined;
  /** Real time. */
  readonly clock: Clock;
}

export function remoteApis({ server, resources, pki, reach, clock }: AggregationParts): RemoteApis {
  const { storage } = server;
  const env = {
    service: (namespace: string, name: string) => serviceIn(storage, namespace, name),
    endpointSlices: reach?.endpointSlices ?? (() => []),
    reach,
    client: pki.frontProxyClient,
    extensions: new ExtensionClient(clock),
  };
  return new RemoteApis(server, resources, env, clock);
}

function serviceIn(storage: ObjectStorage, namespace: string, name: string): Service | undefined {
  return storage.get<Service>(storageKey('', 'services', namespace, name))?.object;
}
