/**
 * What every cluster has from its first moment: the system namespaces, the Service network, the kubernetes Service and its
 * endpoints, the DNS Service, the clock's timeline, priority classes and RBAC policy (upstream: pkg/controlplane/{instance.go,
 * controller/systemnamespaces,controller/defaultservicecidr,controller/kubernetesservice,reconcilers}).
 *
 * Every step may run again, and on several servers at once: what is there stays.
 */
import type { KubeObject, Service } from '@regatta/api';
import { addressOf } from './allocation/cluster-ips.ts';
import { DEFAULT_SERVICE_CIDR_NAME, SERVICE_CIDR } from './allocation/service-networks.ts';
import { ensureBootstrapPolicy } from './auth/mod.ts';
import { applyStoredTimeline, firstTimeline } from './cluster-timeline.ts';
import type { ResourceRegistry } from './registry/resource-registry.ts';
import { Seed } from './registry/seed.ts';
import { timestamp } from './registry/write-request.ts';
import type { ServerContext } from './server/context.ts';

export const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const;
export const KUBERNETES_SERVICE_IP = '10.96.0.1';
const DNS_SERVICE_IP = '10.96.0.10';
const SERVICE_PORT = 443;
const NETWORKING = 'networking.k8s.io';

export interface BootstrapOptions {
  /** Cluster milliseconds per real one, of a new cluster. */
  readonly speed: number | undefined;
  /** Where this server answers. */
  readonly address: string;
  readonly port: number;
}

const DEFAULT_SPEED = 1;

/** Resolves when everything is durable. */
export async function bootstrapCluster(
  server: ServerContext,
  resources: ResourceRegistry,
  options: BootstrapOptions,
): Promise<void> {
  const seed = new Seed(server, resources);
  await Promise.all([
    ensureTimeline(server, seed, options.speed),
    ensureBootstrapPolicy(server),
    ...SYSTEM_NAMESPACES.map((name) => seed.ensure('', 'namespaces', namespace(name))),
    seed.ensure('', 'configmaps', tokenTracking(new Date(server.clock.now()))),
    seed.ensure(NETWORKING, 'servicecidrs', serviceCidr(server.clock.now())),
    ensureService(seed, kubernetesService(options.port)),
    ensureService(seed, DNS_SERVICE),
    seed.replace('', 'endpoints', endpoints(options)),
    seed.replace('discovery.k8s.io', 'endpointslices', endpointSlice(options)),
  ]);
}

/** Since when the use of tokens from Secrets is noted (upstream: pkg/controlplane/controller/legacytokentracking). */
function tokenTracking(since: Date): KubeObject {
  return {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'kube-apiserver-legacy-service-account-token-tracking', namespace: 'kube-system' },
    data: { since: since.toISOString().slice(0, 10) },
  } as KubeObject;
}

function namespace(name: string): KubeObject {
  return {
    kind: 'Namespace',
    apiVersion: 'v1',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  } as KubeObject;
}

function serviceCidr(now: number): KubeObject {
  const message = 'Kubernetes default Service CIDR is ready';
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: timestamp(now), reason: '', message };
  return {
    kind: 'ServiceCIDR',
    apiVersion: 'networking.k8s.io/v1',
    metadata: { name: DEFAULT_SERVICE_CIDR_NAME },
    spec: { cidrs: [SERVICE_CIDR] },
    status: { conditions: [ready] },
  } as KubeObject;
}

/** With its address, which nobody else shall get. */
async function ensureService(seed: Seed, service: Service): Promise<void> {
  const { metadata, spec } = service;
  const owner = { namespace: metadata.namespace ?? '', name: metadata.name };
  await seed.ensure(NETWORKING, 'ipaddresses', addressOf(spec.clusterIP ?? '', owner));
  await seed.ensure('', 'services', service);
}

function kubernetesService(port: number): Service {
  return {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: {
      ports: [{ name: 'https', protocol: 'TCP', port: SERVICE_PORT, targetPort: port }],
      clusterIP: KUBERNETES_SERVICE_IP,
      clusterIPs: [KUBERNETES_SERVICE_IP],
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
    },
    status: { loadBalancer: {} },
  };
}

/** Every node answers it itself; without endpoints nobody else does. */
const DNS_SERVICE: Service = {
  kind: 'Service',
  apiVersion: 'v1',
  metadata: {
    name: 'kube-dns',
    namespace: 'kube-system',
    labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
    annotations: { 'prometheus.io/port': '9153', 'prometheus.io/scrape': 'true' },
  },
  spec: {
    ports: [
      { name: 'dns', protocol: 'UDP', port: 53, targetPort: 53 },
      { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: 53 },
      { name: 'metrics', protocol: 'TCP', port: 9153, targetPort: 9153 },
    ],
    selector: { 'k8s-app': 'kube-dns' },
    clusterIP: DNS_SERVICE_IP,
    clusterIPs: [DNS_SERVICE_IP],
    type: 'ClusterIP',
    sessionAffinity: 'None',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    internalTrafficPolicy: 'Cluster',
  },
  status: { loadBalancer: {} },
};

function endpoints({ address, port }: BootstrapOptions): KubeObject {
  return {
    kind: 'Endpoints',
    apiVersion: 'v1',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: [{ addresses: [{ ip: address }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  } as KubeObject;
}

function endpointSlice({ address, port }: BootstrapOptions): KubeObject {
  return {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  } as KubeObject;
}

/**
 * The cluster's timeline, made if there is none, and applied to this process. A server that starts again changes nothing:
 * its command line says how the cluster began, not what people have made of it since.
 */
async function ensureTimeline(server: ServerContext, seed: Seed, speed: number | undefined): Promise<void> {
  await seed.ensure('', 'configmaps', firstTimeline(speed ?? DEFAULT_SPEED));
  applyStoredTimeline(server);
}
