/**
 * Runs one node against the API: its agent, and the watches that feed it (its own Node, the Pods bound to it).
 */
import type { Taint } from '@regatta/api';
import { type ApiClient, EventRecorder, Informer, resources } from '@regatta/client';
import type { ClusterClock, Logger, Random } from '@regatta/runtime';
import { clusterApi } from '../api/cluster-api.ts';
import type { ImageCatalogue } from '../images/catalogue.ts';
import { NetworkError } from '../network/network-error.ts';
import type { Uplink } from '../network/service-router.ts';
import type { ManifestSource } from '../pods/static/manifest-folder.ts';
import type { FileSpace } from '../runtime/filesystem/file-space.ts';
import type { NodeDisk } from '../storage/node-disk.ts';
import type { Machine } from './machine.ts';
import { NodeAgent } from './node-agent.ts';

export interface RunNodeOptions {
  readonly machine: Machine;
  readonly disk: NodeDisk;
  readonly client: ApiClient;
  readonly clock: ClusterClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** The images that can be pulled; the built-in ones unless told. */
  readonly catalogue?: ImageCatalogue;
  readonly clusterDns?: string;
  readonly clusterDomain?: string;
  readonly taints?: readonly Taint[];
  /** The machine's static Pods. */
  readonly manifests?: ManifestSource;
  /** The way to other machines; a node without it stands alone. */
  readonly uplink?: Uplink;
  /** What the files of all nodes of this process hold. */
  readonly space?: FileSpace;
}

/** The kubelet's eventRecordQPS and eventBurst. */
const EVENT_PACE = { perSecond: 50, burst: 100 };

export const DEFAULT_CLUSTER_DNS = '10.96.0.10';
export const DEFAULT_CLUSTER_DOMAIN = 'cluster.local';

const noRoute = (): Promise<never> => Promise.reject(new NetworkError('EHOSTUNREACH', 'No route to host'));
const STANDS_ALONE: Uplink = { connect: noRoute, send: noRoute, echo: async () => false, connectApiServer: noRoute };

/** Resolves when the node is registered and the Pods bound to it are known. */
export async function runNode(options: RunNodeOptions): Promise<NodeAgent> {
  const { machine, disk, client, clock, random, logger, signal } = options;
  const api = clusterApi(client, clock, logger, signal);
  const events = new EventRecorder({
    client: client.resource(resources.events),
    component: 'kubelet',
    host: machine.name,
    pace: EVENT_PACE,
    clock,
    random,
    logger,
  });
  const agent = new NodeAgent({
    ...(options.catalogue === undefined ? {} : { catalogue: options.catalogue }),
    machine,
    disk,
    api,
    events,
    clock,
    random,
    logger,
    signal,
    clusterDns: options.clusterDns ?? DEFAULT_CLUSTER_DNS,
    clusterDomain: options.clusterDomain ?? DEFAULT_CLUSTER_DOMAIN,
    taints: options.taints ?? [],
    uplink: options.uplink ?? STANDS_ALONE,
    ...(options.manifests === undefined ? {} : { manifests: options.manifests }),
    ...(options.space === undefined ? {} : { space: options.space }),
  });
  signal.addEventListener('abort', () => events.close(), { once: true });
  await agent.start();
  const pods = followPods(agent, options);
  followNode(agent, options);
  await pods.whenSynced(signal);
  await agent.podsKnown();
  return agent;
}

function followPods(agent: NodeAgent, { client, machine, clock, logger, signal }: RunNodeOptions) {
  const informer = new Informer({
    client: client.resource(resources.pods),
    clock: clock.real,
    logger,
    fieldSelector: `spec.nodeName=${machine.name}`,
  });
  informer.addHandler({
    onAdd: (pod) => agent.pods.update(pod),
    onUpdate: (pod) => agent.pods.update(pod),
    onDelete: (pod) => agent.pods.remove(pod),
  });
  informer.run(signal).catch((error: unknown) => logger.error('pods are not followed', { error }));
  return informer;
}

function followNode(agent: NodeAgent, { client, machine, clock, logger, signal }: RunNodeOptions): void {
  const informer = new Informer({
    client: client.resource(resources.nodes),
    clock: clock.real,
    logger,
    fieldSelector: `metadata.name=${machine.name}`,
  });
  informer.addHandler({
    onAdd: (node) => agent.observeNode(node),
    onUpdate: (node) => agent.observeNode(node),
    onDelete: () => agent.reporter.removed(),
  });
  informer.run(signal).catch((error: unknown) => logger.error('the node is not followed', { error }));
}
