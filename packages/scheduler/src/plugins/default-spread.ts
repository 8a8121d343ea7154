/**
 * The Pods that a Pod without constraints of its own is spread with: those of its services and of its ReplicaSet,
 * ReplicationController or StatefulSet (upstream: pkg/scheduler/framework/plugins/helper/spread.go).
 *
 * Owns: a memory of selectors by namespace, owner and labels, forgotten whenever one of the informers says something.
 */
import {
  type KubeObject,
  type LabelSelector,
  labelSelectorFrom,
  type ReplicaSet,
  type ReplicationController,
  type Service,
  type StatefulSet,
} from '@regatta/api';
import type { Informer } from '@regatta/client';
import type { PodSelector } from '../cache/matching-pods.ts';
import type { PodInfo } from '../cache/pod-info.ts';

const REMEMBERED = 1024;

export interface DefaultSpread {
  /** Undefined when nothing says which Pods belong together. */
  selectorFor(pod: PodInfo): PodSelector | undefined;
}

export interface SpreadSources {
  readonly services: Informer<Service>;
  readonly replicationControllers: Informer<ReplicationController>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly statefulSets: Informer<StatefulSet>;
}

export class OwnerSpread implements DefaultSpread {
  readonly #remembered = new Map<string, PodSelector | undefined>();

  constructor(readonly sources: SpreadSources) {
    sources.services.addIndex('namespace', ({ metadata }) => [metadata.namespace ?? '']);
    const forget = (): void => this.#remembered.clear();
    for (const informer of Object.values(sources) as Informer<KubeObject>[]) {
      informer.addHandler({ onAdd: forget, onUpdate: forget, onDelete: forget });
    }
  }

  selectorFor(pod: PodInfo): PodSelector | undefined {
    const owner = pod.pod.metadata.ownerReferences?.find(({ controller }) => controller);
    const name = `${pod.namespace}\n${owner?.uid ?? ''}\n${JSON.stringify(pod.labels)}`;
    if (this.#remembered.has(name)) return this.#remembered.get(name);
    const selector = this.#make(pod, owner);
    if (this.#remembered.size >= REMEMBERED) this.#remembered.clear();
    this.#remembered.set(name, selector);
    return selector;
  }

  #make(pod: PodInfo, owner: { kind: string; name: string } | undefined): PodSelector | undefined {
    const selector = merge([...this.#serviceSelectors(pod), ...this.#ownerSelector(pod.namespace, owner)]);
    if (!selector) return undefined;
    return { namespace: pod.namespace, matcher: labelSelectorFrom(selector), key: JSON.stringify(selector) };
  }

  #serviceSelectors(pod: PodInfo): LabelSelector[] {
    return this.sources.services
      .byIndex('namespace', pod.namespace)
      .flatMap(({ spec }) => (spec.selector ? [{ matchLabels: spec.selector }] : []))
      .filter((selector) => labelSelectorFrom(selector).matches(pod.labels));
  }

  #ownerSelector(namespace: string, owner: { kind: string; name: string } | undefined): LabelSelector[] {
    const { replicationControllers, replicaSets, statefulSets } = this.sources;
    const selector = (): LabelSelector | undefined => {
      switch (owner?.kind) {
        case 'ReplicaSet':
          return replicaSets.get(namespace, owner.name)?.spec.selector;
        case 'StatefulSet':
          return statefulSets.get(namespace, owner.name)?.spec.selector;
        case 'ReplicationController':
          return { matchLabels: replicationControllers.get(namespace, owner.name)?.spec.selector ?? {} };
        default:
          return undefined;
      }
    };
    const found = selector();
    return found ? [found] : [];
  }
}

function merge(selectors: readonly LabelSelector[]): LabelSelector | undefined {
  const matchLabels = Object.assign({}, ...selectors.map((selector) => selector.matchLabels ?? {}));
  const matchExpressions = selectors.flatMap((selector) => selector.matchExpressions ?? []);
  if (Object.keys(matchLabels).length === 0 && matchExpressions.length === 0) return undefined;
  return { matchLabels, matchExpressions };
}
