/**
 * What the scheduler knows of nodes and of the Pods on them, ahead of the API: a Pod it has decided on is *assumed* to be
 * on its node at once, while the binding is still on its way (upstream: pkg/scheduler/backend/cache/cache.go).
 *
 *   assume → (bound) the informer's add confirms it      assume → forget, when the binding failed
 *
 * Invariants: a Pod counts on at most one node; what the API says replaces what was assumed. An assumed Pod never expires
 * by time, as upstream's default has it: a binding that fails is forgotten, one that succeeds is confirmed.
 */
import type { Node, Pod } from '@regatta/api';
import type { ClusterView } from '../framework/plugin.ts';
import { NodeInfo } from './node-info.ts';
import { orderByZones, zoneOf } from './node-order.ts';
import { PodInfo } from './pod-info.ts';

interface Placed {
  pod: PodInfo;
  nodeName: string;
  assumed: boolean;
}

export type PodListener = (change: 'add' | 'remove', pod: PodInfo, node: NodeInfo) => void;

export class SchedulerCache implements ClusterView {
  readonly #nodes = new Map<string, NodeInfo>();
  readonly #placed = new Map<string, Placed>();
  readonly #imageNodes = new Map<string, number>();
  readonly #listeners = new Set<PodListener>();
  readonly nodesWithPodAffinity = new Set<NodeInfo>();
  #order: readonly NodeInfo[] | undefined;

  /** Known nodes, zone by zone in turn. */
  get nodes(): readonly NodeInfo[] {
    this.#order ??= orderByZones([...this.#nodes.values()].filter((info) => info.node));
    return this.#order;
  }

  node(name: string): NodeInfo | undefined {
    const info = this.#nodes.get(name);
    return info?.node && info;
  }

  imageNodes(image: string): number {
    return this.#imageNodes.get(image) ?? 0;
  }

  /** How many Pods are on nodes, assumed ones included. */
  get podCount(): number {
    return this.#placed.size;
  }

  /** Calls back when a Pod starts or stops counting on a node: for sums that plugins keep. */
  onPod(listener: PodListener): void {
    this.#listeners.add(listener);
  }

  setNode(node: Node): void {
    const info = this.#nodeInfo(node.metadata.name);
    const before = info.node && zoneOf(info);
    this.#countImages(info, -1);
    info.setNode(node);
    this.#countImages(info, 1);
    if (before !== zoneOf(info)) this.#order = undefined;
  }

  /** A node that is gone is remembered for as long as Pods are said to be on it. */
  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (!info) return;
    this.#countImages(info, -1);
    info.setNode(undefined);
    if (info.pods.size === 0) this.#nodes.delete(name);
    this.nodesWithPodAffinity.delete(info);
    this.#order = undefined;
  }

  isAssumed(uid: string): boolean {
    return this.#placed.get(uid)?.assumed === true;
  }

  /** @throws Error when the Pod counts somewhere already */
  assume(pod: PodInfo, nodeName: string): void {
    if (this.#placed.has(pod.uid)) throw new Error(`pod ${pod.key} is on a node already`);
    this.#place(pod, nodeName, true);
  }

  /** Takes an assumption back. */
  forget(uid: string): void {
    if (this.isAssumed(uid)) this.#remove(uid);
  }

  /** What the API says of a Pod on a node. */
  setPod(pod: Pod): void {
    const nodeName = pod.spec.nodeName ?? '';
    const known = this.#placed.get(pod.metadata.uid ?? '');
    if (known && known.nodeName === nodeName && countsAlike(known.pod.pod, pod)) {
      known.pod.pod = pod;
      known.assumed = false;
      return;
    }
    const info = new PodInfo(pod);
    this.#remove(info.uid);
    this.#place(info, nodeName, false);
  }

  removePod(uid: string): void {
    this.#remove(uid);
  }

  #place(pod: PodInfo, nodeName: string, assumed: boolean): void {
    const node = this.#nodeInfo(nodeName);
    this.#placed.set(pod.uid, { pod, nodeName, assumed });
    node.addPod(pod);
    this.#trackAffinity(node);
    for (const listener of this.#listeners) listener('add', pod, node);
  }

  #remove(uid: string): void {
    const placed = this.#placed.get(uid);
    if (!placed) return;
    this.#placed.delete(uid);
    const node = this.#nodeInfo(placed.nodeName);
    node.removePod(uid);
    this.#trackAffinity(node);
    for (const listener of this.#listeners) listener('remove', placed.pod, node);
    if (!node.node && node.pods.size === 0) this.#nodes.delete(node.name);
  }

  #trackAffinity(node: NodeInfo): void {
    if (node.podsWithAffinity.size > 0) this.nodesWithPodAffinity.add(node);
    else this.nodesWithPodAffinity.delete(node);
  }

  #nodeInfo(name: string): NodeInfo {
    let info = this.#nodes.get(name);
    if (!info) {
      info = new NodeInfo(name);
      this.#nodes.set(name, info);
    }
    return info;
  }

  #countImages(info: NodeInfo, sign: 1 | -1): void {
    for (const image of info.images.keys()) {
      const count = (this.#imageNodes.get(image) ?? 0) + sign;
      if (count > 0) this.#imageNodes.set(image, count);
      else this.#imageNodes.delete(image);
    }
  }
}

/** Whether two states of a Pod ask the same of a node: every change of a Pod's spec raises its generation. */
function countsAlike(a: Pod, b: Pod): boolean {
  return (
    a.metadata.generation !== undefined &&
    a.metadata.generation === b.metadata.generation &&
    a.metadata.deletionTimestamp === b.metadata.deletionTimestamp &&
    JSON.stringify(a.metadata.labels) === JSON.stringify(b.metadata.labels)
  );
}
