/**
 * The extension points of the scheduling framework (upstream: k8s.io/kube-scheduler/framework/interface.go). A plugin
 * implements those it needs. Scheduling-cycle points are synchronous: they work on the cache's own state, which stands
 * still meanwhile. Binding-cycle points may wait.
 */
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import type { EventHint } from './cluster-event.ts';
import type { CycleState } from './cycle-state.ts';
import type { Rejection } from './rejection.ts';

export const MAX_NODE_SCORE = 100;

/** What plugins see of the cluster. */
export interface ClusterView {
  readonly nodes: readonly NodeInfo[];
  node(name: string): NodeInfo | undefined;
  /** How many nodes have Pods with (anti-)affinity to other Pods. */
  readonly nodesWithPodAffinity: ReadonlySet<NodeInfo>;
  /** On how many nodes an image is. */
  imageNodes(image: string): number;
}

export type PreFilterResult =
  /** This plugin's Filter has nothing to do for this Pod. */
  | 'skip'
  | Rejection
  /** Only these nodes can fit. */
  | { readonly nodeNames: ReadonlySet<string> }
  | undefined;

export interface PostFilterResult {
  /** Said in the Pod's condition, after what filters said. */
  readonly message: string;
  /** The node that will fit once its victims are gone; undefined leaves the nomination alone, '' clears it. */
  readonly nominatedNode?: string;
  /** True when scheduling will succeed later because of what this plugin did: no other PostFilter runs. */
  readonly success: boolean;
}

export interface Plugin {
  readonly name: string;
  /** Weight of its score; 1 unless told. */
  readonly weight?: number;
  /** Events that may undo its rejections. Any event unless told. */
  readonly events?: readonly EventHint[];

  /** Keeps a Pod out of the active queue. */
  preEnqueue?(pod: PodInfo): Rejection | undefined;
  preFilter?(state: CycleState, pod: PodInfo, cluster: ClusterView): PreFilterResult;
  filter?(state: CycleState, pod: PodInfo, node: NodeInfo): Rejection | undefined;
  /** Keeps the PreFilter state right while Pods are added to or removed from a node in thought. */
  podAdded?(state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo): void;
  podRemoved?(state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo): void;
  postFilter?(
    state: CycleState,
    pod: PodInfo,
    rejections: ReadonlyMap<string, Rejection>,
  ): PostFilterResult | undefined;
  preScore?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[], cluster: ClusterView): 'skip' | undefined;
  /** 0 to MAX_NODE_SCORE, or anything that `normalize` brings there. */
  score?(state: CycleState, pod: PodInfo, node: NodeInfo): number;
  normalize?(state: CycleState, pod: PodInfo, scores: Float64Array, nodes: readonly NodeInfo[]): void;
  /** Takes what the Pod will use on the node; a rejection gives everything back by `unreserve`. */
  reserve?(state: CycleState, pod: PodInfo, nodeName: string): Rejection | undefined;
  unreserve?(state: CycleState, pod: PodInfo, nodeName: string): void;
  /** May hold the binding back. */
  permit?(state: CycleState, pod: PodInfo, nodeName: string): Rejection | undefined | Promise<Rejection | undefined>;
  preBind?(state: CycleState, pod: PodInfo, nodeName: string, signal: AbortSignal): Promise<void>;
  /** False: another plugin may bind. */
  bind?(state: CycleState, pod: PodInfo, nodeName: string, signal: AbortSignal): Promise<boolean>;
  postBind?(state: CycleState, pod: PodInfo, nodeName: string): void;
}

/** Scales so that the highest becomes MAX_NODE_SCORE; `reverse` turns best into worst (plugins/helper/normalize_score.go). */
export function normalizeByMax(scores: Float64Array, reverse: boolean): void {
  let max = 0;
  for (const score of scores) if (score > max) max = score;
  for (let i = 0; i < scores.length; i++) {
    const scaled = max === 0 ? 0 : Math.floor((MAX_NODE_SCORE * (scores[i] ?? 0)) / max);
    scores[i] = reverse ? MAX_NODE_SCORE - scaled : scaled;
  }
}
