/**
 * A node with the sums over its Pods, kept up to date Pod by Pod (upstream: pkg/scheduler/framework NodeInfo).
 *
 * Invariant: the sums are those of exactly the Pods in `pods`, assumed ones included.
 */
import { type Node, numericValue, type Taint } from '@regatta/api';
import type { HostPort, PodInfo } from './pod-info.ts';
import { addResources, noResources, type Resources, resourcesFrom } from './resources.ts';

const NO_TAINTS: readonly Taint[] = [];
const ANY_IP = '0.0.0.0';

export class NodeInfo {
  readonly name: string;
  #node: Node | undefined;
  labels: Readonly<Record<string, string>> = {};
  taints: readonly Taint[] = NO_TAINTS;
  allocatable: Resources = noResources();
  allowedPods = 0;
  /** Bytes of each image on the node, by every name it has. */
  images: ReadonlyMap<string, number> = new Map();
  readonly pods = new Map<string, PodInfo>();
  readonly podsWithAffinity = new Set<PodInfo>();
  readonly podsWithRequiredAntiAffinity = new Set<PodInfo>();
  readonly requested = noResources();
  readonly nonZeroRequested = noResources();
  /** How often a host port is used: `TCP/80` → IP → Pods. */
  readonly #ports = new Map<string, Map<string, number>>();

  constructor(name: string) {
    this.name = name;
  }

  /** The API object; undefined when Pods are known to be on a node that is not known (any more). */
  get node(): Node | undefined {
    return this.#node;
  }

  setNode(node: Node | undefined): void {
    this.#node = node;
    this.labels = node?.metadata.labels ?? {};
    this.taints = node?.spec.taints ?? NO_TAINTS;
    this.allocatable = resourcesFrom(node?.status?.allocatable);
    this.allowedPods = numericValue(node?.status?.allocatable?.['pods']);
    this.images = new Map(
      (node?.status?.images ?? []).flatMap(({ names, sizeBytes }) =>
        (names ?? []).map((name): [string, number] => [name, sizeBytes ?? 0]),
      ),
    );
  }

  addPod(pod: PodInfo): void {
    this.pods.set(pod.uid, pod);
    if (pod.hasPodAffinity) this.podsWithAffinity.add(pod);
    if (pod.antiAffinity.required.length > 0) this.podsWithRequiredAntiAffinity.add(pod);
    this.#account(pod, 1);
  }

  removePod(uid: string): void {
    const pod = this.pods.get(uid);
    if (!pod) return;
    this.pods.delete(uid);
    this.podsWithAffinity.delete(pod);
    this.podsWithRequiredAntiAffinity.delete(pod);
    this.#account(pod, -1);
  }

  /** Whether a host port is taken: by the same IP, or by (or for) all IPs. */
  portConflicts({ ip, protocol, port }: HostPort): boolean {
    const used = this.#ports.get(`${protocol}/${port}`);
    if (!used || used.size === 0) return false;
    return ip === ANY_IP || used.has(ip) || used.has(ANY_IP);
  }

  /** A copy to try things on: its Pods can be added and removed, the original stays. */
  clone(): NodeInfo {
    const copy = new NodeInfo(this.name);
    copy.setNode(this.#node);
    for (const pod of this.pods.values()) copy.addPod(pod);
    return copy;
  }

  #account(pod: PodInfo, sign: 1 | -1): void {
    addResources(this.requested, pod.requests, sign);
    addResources(this.nonZeroRequested, pod.nonZeroRequests, sign);
    for (const port of pod.hostPorts) this.#usePort(port, sign);
  }

  #usePort({ ip, protocol, port }: HostPort, sign: 1 | -1): void {
    const name = `${protocol}/${port}`;
    const used = this.#ports.get(name) ?? new Map<string, number>();
    const count = (used.get(ip) ?? 0) + sign;
    if (count > 0) used.set(ip, count);
    else used.delete(ip);
    if (used.size > 0) this.#ports.set(name, used);
    else this.#ports.delete(name);
  }
}
