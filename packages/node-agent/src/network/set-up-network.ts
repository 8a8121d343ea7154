/**
 * Puts a node's network together: its Pods' addresses, the way to Services and other machines, and its DNS servers.
 *
 * Two addresses answer DNS: the cluster's (what kubeadm's clusters run CoreDNS for) and the node's own, which Pods with
 * dnsPolicy Default ask and which knows nothing of the cluster.
 */
import type { ClusterClock, Random } from '@regatta/runtime';
import { ClusterZone, type ZoneAnswer } from './dns/cluster-zone.ts';
import { DnsServer } from './dns/dns-server.ts';
import { PodNetwork } from './pod-network.ts';
import { ServiceRouter, type Uplink } from './service-router.ts';
import { type NetworkObjects, ServiceTable } from './service-table.ts';

export interface NetworkOptions {
  readonly machine: { readonly name: string; readonly ip: string };
  readonly objects: NetworkObjects;
  readonly uplink: Uplink;
  readonly clusterDns: string;
  readonly clusterDomain: string;
  readonly clock: ClusterClock;
  readonly random: Random;
}

const NO_SUCH_NAME: ZoneAnswer = { rcode: 'NXDOMAIN', answers: [], authority: [], additional: [] };

export function setUpNetwork(options: NetworkOptions): PodNetwork {
  const { machine, objects, uplink, clusterDns, clusterDomain, clock, random } = options;
  const network = new PodNetwork(machine.ip);
  const table = new ServiceTable(objects);
  network.router = new ServiceRouter({ network, nodeName: machine.name, table, uplink, clock, random });
  const zone = new ClusterZone(table, clusterDomain, clusterDns);
  const ofCluster = async (question: Parameters<ClusterZone['answer']>[0]): Promise<ZoneAnswer> => {
    await table.ready();
    return zone.answer(question);
  };
  network.reserve(clusterDns);
  new DnsServer(network, clusterDns, ofCluster, random).start();
  new DnsServer(network, machine.ip, async () => NO_SUCH_NAME, random).start();
  return network;
}
