/**
 * The node's view of the API, made from an ApiClient: resource clients, the list of Services, tokens.
 *
 * Services are watched from the first container on, EndpointSlices and other nodes from the first connection that needs
 * them: a node without Pods watches none. A ConfigMap that many Pods mount
 * at once is read once; the cluster's CA, which never changes, is remembered.
 */
import type { ConfigMap, KubeObject } from '@regatta/api';
import { type ApiClient, Informer, type ResourceClient, resources } from '@regatta/client';
import type { ClusterClock, Logger } from '@regatta/runtime';
import type { Follow } from '../network/service-table.ts';
import type { NodeApi } from '../node/node-agent.ts';
import type { IssuedToken, TokenRequest } from '../volumes/service-account-tokens.ts';
import type { ObjectGetter } from './ports.ts';
import { parseTime } from './timestamps.ts';

/** Written by the root CA publisher into every namespace. */
const ROOT_CA_CONFIG_MAP = 'kube-root-ca.crt';

export function clusterApi(client: ApiClient, clock: ClusterClock, logger: Logger, signal: AbortSignal): NodeApi {
  const serviceAccounts = client.resource(resources.serviceAccounts);
  const services = lazily(client.resource(resources.services), clock, logger, signal);
  return {
    nodes: client.resource(resources.nodes),
    pods: client.resource(resources.pods),
    leases: client.resource(resources.leases),
    configMaps: new SharedReads<ConfigMap>(
      client.resource(resources.configMaps),
      (name) => name === ROOT_CA_CONFIG_MAP,
    ),
    secrets: client.resource(resources.secrets),
    runtimeClasses: client.resource(resources.runtimeClasses),
    services: async () => {
      const informer = services();
      await informer.whenSynced(signal);
      return informer.list();
    },
    network: {
      services: follow(services, signal),
      endpointSlices: follow(lazily(client.resource(resources.endpointSlices), clock, logger, signal), signal),
      nodes: follow(lazily(client.resource(resources.nodes), clock, logger, signal), signal),
    },
    requestToken: async (request) => {
      const body = tokenRequestBody(request);
      return tokenOf(await serviceAccounts.subresource(request.serviceAccount, 'token', body, request.namespace));
    },
  };
}

/** Readers of the same object at the same time share one request. */
class SharedReads<T extends KubeObject> implements ObjectGetter<T> {
  readonly #reads = new Map<string, Promise<T>>();

  constructor(
    private readonly objects: ObjectGetter<T>,
    private readonly isConstant: (name: string) => boolean,
  ) {}

  get(name: string, namespace?: string): Promise<T> {
    const key = `${namespace}/${name}`;
    const known = this.#reads.get(key);
    if (known) return known;
    const read = this.objects.get(name, namespace);
    this.#reads.set(key, read);
    const forget = (): void => void this.#reads.delete(key);
    read.then(this.isConstant(name) ? () => {} : forget, forget);
    return read;
  }
}

/** A collection that is watched from the first time it is asked for. */
function lazily<T extends KubeObject>(
  client: ResourceClient<T>,
  clock: ClusterClock,
  logger: Logger,
  signal: AbortSignal,
): () => Informer<T> {
  let informer: Informer<T> | undefined;
  return () => {
    if (informer === undefined) {
      informer = new Informer({ client, clock: clock.real, logger });
      informer.run(signal).catch((error: unknown) => {
        logger.warn('a collection is not followed', { resource: client.ref.resource, error });
      });
    }
    return informer;
  };
}

function follow<T extends KubeObject>(informer: () => Informer<T>, signal: AbortSignal): Follow<T> {
  return (handler) => {
    informer().addHandler(handler);
    return informer().whenSynced(signal);
  };
}

function tokenRequestBody({ audience, expirationSeconds, pod }: TokenRequest): unknown {
  return {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: {
      audiences: audience === undefined ? [] : [audience],
      expirationSeconds,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid },
    },
  };
}

/** @throws Error when the answer holds no token */
function tokenOf(answer: unknown): IssuedToken {
  if (typeof answer === 'object' && answer !== null && 'status' in answer) {
    const { status } = answer;
    if (typeof status === 'object' && status !== null && 'token' in status && 'expirationTimestamp' in status) {
      const expiresAt = parseTime(String(status.expirationTimestamp));
      if (expiresAt !== undefined) return { token: String(status.token), expiresAt };
    }
  }
  throw new Error('the answer to a token request holds no token');
}
