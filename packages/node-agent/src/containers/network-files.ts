/**
 * The files of a container that tell it of the network: /etc/hosts and /etc/resolv.conf
 * (upstream: pkg/kubelet/kubelet_pods.go, managedHostsFileContent; pkg/kubelet/network/dns).
 */
import type { Pod } from '@regatta/api';
import { domainOf, hostnameOf } from '../pods/pod-hostname.ts';
import { isHostNetwork } from '../pods/pod-names.ts';

const LOCAL_HOSTS = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
];

export interface NodeNetwork {
  readonly nodeName: string;
  readonly nodeIp: string;
  readonly clusterDomain: string;
  readonly clusterDns: string;
}

/** /etc/hosts of a Pod; one of the host network gets the node's. */
export function hostsFile(pod: Pod, podIp: string, node: NodeNetwork): string {
  const own = isHostNetwork(pod)
    ? ['# Kubernetes-managed hosts file (host network).', '127.0.0.1\tlocalhost', `${node.nodeIp}\t${node.nodeName}`]
    : ['# Kubernetes-managed hosts file.', ...LOCAL_HOSTS, hostLine(pod, podIp, node)];
  return `${own.join('\n')}\n${hostAliases(pod)}`;
}

function hostLine(pod: Pod, podIp: string, { clusterDomain }: NodeNetwork): string {
  const hostname = hostnameOf(pod);
  const domain = domainOf(pod, clusterDomain);
  return domain === '' ? `${podIp}\t${hostname}` : `${podIp}\t${hostname}.${domain}\t${hostname}`;
}

function hostAliases(pod: Pod): string {
  const aliases = pod.spec.hostAliases ?? [];
  if (aliases.length === 0) return '';
  const lines = aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`);
  return `\n# Entries added by HostAliases.\n${lines.join('')}`;
}

export function resolvFile(pod: Pod, node: NodeNetwork): string {
  const { nameservers = [], searches = [], options = [] } = pod.spec.dnsConfig ?? {};
  const policy = isHostNetwork(pod) && pod.spec.dnsPolicy === 'ClusterFirst' ? 'Default' : pod.spec.dnsPolicy;
  const cluster = policy !== 'None' && policy !== 'Default';
  const domain = node.clusterDomain;
  const search = [
    ...(cluster ? [`${pod.metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain] : []),
    ...searches,
  ];
  const servers = [...(cluster ? [node.clusterDns] : policy === 'None' ? [] : [node.nodeIp]), ...nameservers];
  const flags = [
    ...options.map(({ name, value }) => (value === undefined ? name : `${name}:${value}`)),
    ...(cluster ? ['ndots:5'] : []),
  ];
  return [
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...servers.map((server) => `nameserver ${server}`),
    ...(flags.length > 0 ? [`options ${flags.join(' ')}`] : []),
    '',
  ].join('\n');
}
