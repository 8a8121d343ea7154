/**
 * Runs plugins at their extension points (upstream: pkg/scheduler/framework/runtime/framework.go).
 *
 * Invariant: plugins run in the order of the profile; the first Filter that refuses decides for a node.
 */
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import type { CycleState } from './cycle-state.ts';
import type { ClusterView, Plugin, PostFilterResult } from './plugin.ts';
import type { Rejection } from './rejection.ts';

export interface PreFiltered {
  /** Filters that have something to say about this Pod. */
  readonly filters: readonly Plugin[];
  /** The only nodes that can fit, and the plugins that say so. */
  readonly nodeNames?: ReadonlySet<string>;
  readonly namedBy: readonly string[];
}

export interface Scored {
  /** By node, in the order of the nodes that were scored. */
  readonly totals: Float64Array;
  /** Weighted scores of each plugin. */
  readonly byPlugin: ReadonlyMap<string, Float64Array>;
}

export class Framework {
  readonly #byPoint: ReadonlyMap<keyof Plugin, readonly Plugin[]>;

  constructor(readonly plugins: readonly Plugin[]) {
    const points = [
      'preEnqueue',
      'preFilter',
      'filter',
      'postFilter',
      'score',
      'reserve',
      'permit',
      'preBind',
      'bind',
      'postBind',
    ] as const;
    this.#byPoint = new Map(points.map((point) => [point, plugins.filter((plugin) => plugin[point])]));
  }

  preEnqueue(pod: PodInfo): Rejection | undefined {
    for (const plugin of this.#with('preEnqueue')) {
      const rejection = plugin.preEnqueue?.(pod);
      if (rejection) return rejection;
    }
    return undefined;
  }

  preFilter(state: CycleState, pod: PodInfo, cluster: ClusterView): PreFiltered | Rejection {
    const skipped = new Set<Plugin>();
    const namedBy: string[] = [];
    let nodeNames: ReadonlySet<string> | undefined;
    for (const plugin of this.#with('preFilter')) {
      const result = plugin.preFilter?.(state, pod, cluster);
      if (result === undefined) continue;
      if (result === 'skip') skipped.add(plugin);
      else if ('reasons' in result) return result;
      else {
        namedBy.push(plugin.name);
        nodeNames = nodeNames ? intersection(nodeNames, result.nodeNames) : result.nodeNames;
      }
    }
    const filters = this.#with('filter').filter((plugin) => !skipped.has(plugin));
    return { filters, namedBy, ...(nodeNames && { nodeNames }) };
  }

  filter(filters: readonly Plugin[], state: CycleState, pod: PodInfo, node: NodeInfo): Rejection | undefined {
    for (const plugin of filters) {
      const rejection = plugin.filter?.(state, pod, node);
      if (rejection) return rejection;
    }
    return undefined;
  }

  /** Runs PostFilter plugins until one has made room. */
  postFilter(state: CycleState, pod: PodInfo, rejections: ReadonlyMap<string, Rejection>): PostFilterResult {
    const messages: string[] = [];
    let nominatedNode: string | undefined;
    for (const plugin of this.#with('postFilter')) {
      const result = plugin.postFilter?.(state, pod, rejections);
      if (!result) continue;
      if (result.success) return result;
      if (result.message !== '') messages.push(result.message);
      nominatedNode = result.nominatedNode ?? nominatedNode;
    }
    return { message: messages.join(', '), success: false, ...(nominatedNode !== undefined && { nominatedNode }) };
  }

  score(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[], cluster: ClusterView): Scored {
    const totals = new Float64Array(nodes.length);
    const byPlugin = new Map<string, Float64Array>();
    for (const plugin of this.#with('score')) {
      if (plugin.preScore?.(state, pod, nodes, cluster) === 'skip') continue;
      const scores = scoresOf(plugin, state, pod, nodes);
      const weight = plugin.weight ?? 1;
      for (let i = 0; i < scores.length; i++) {
        const weighted = (scores[i] ?? 0) * weight;
        scores[i] = weighted;
        totals[i] = (totals[i] ?? 0) + weighted;
      }
      byPlugin.set(plugin.name, scores);
    }
    return { totals, byPlugin };
  }

  /** Reserves with every plugin, or with none. */
  reserve(state: CycleState, pod: PodInfo, nodeName: string): Rejection | undefined {
    for (const plugin of this.#with('reserve')) {
      const rejection = plugin.reserve?.(state, pod, nodeName);
      if (!rejection) continue;
      this.unreserve(state, pod, nodeName);
      return rejection;
    }
    return undefined;
  }

  unreserve(state: CycleState, pod: PodInfo, nodeName: string): void {
    for (const plugin of [...this.#with('reserve')].reverse()) plugin.unreserve?.(state, pod, nodeName);
  }

  async permit(state: CycleState, pod: PodInfo, nodeName: string): Promise<Rejection | undefined> {
    for (const plugin of this.#with('permit')) {
      const rejection = await plugin.permit?.(state, pod, nodeName);
      if (rejection) return rejection;
    }
    return undefined;
  }

  /** PreBind, Bind, PostBind. @throws what a plugin throws, and Error when none binds */
  async bind(state: CycleState, pod: PodInfo, nodeName: string, signal: AbortSignal): Promise<void> {
    for (const plugin of this.#with('preBind')) await plugin.preBind?.(state, pod, nodeName, signal);
    for (const plugin of this.#with('bind')) {
      if (!(await plugin.bind?.(state, pod, nodeName, signal))) continue;
      for (const after of this.#with('postBind')) after.postBind?.(state, pod, nodeName);
      return;
    }
    throw new Error('no plugin binds');
  }

  #with(point: keyof Plugin): readonly Plugin[] {
    return this.#byPoint.get(point) ?? [];
  }
}

function scoresOf(plugin: Plugin, state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): Float64Array {
  const scores = new Float64Array(nodes.length);
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i];
    if (node) scores[i] = plugin.score?.(state, pod, node) ?? 0;
  }
  plugin.normalize?.(state, pod, scores, nodes);
  return scores;
}

function intersection(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...a].filter((name) => b.has(name)));
}
