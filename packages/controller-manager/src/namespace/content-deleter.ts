/**
 * Deletes what a namespace holds (pkg/controller/namespace/deletion/namespaced_resources_deleter.go).
 *
 * Invariants: all of it is found by discovery, so custom resources go too; Pods go first and nothing else is touched
 * while some remain (OrderedNamespaceDeletion), so that nothing is pulled out from under what still runs; one resource
 * that fails doesn't keep the others from being tried.
 */
import { isNotFound, type Namespace, type Pod, resourceName } from '@regatta/api';
import { type ApiClient, resources } from '@regatta/client';
import type { ClusterClock } from '@regatta/runtime';
import { type DiscoveredResource, type Discovery, discover } from '../discovery/discovery.ts';
import { parseTime } from '../framework/timestamps.ts';
import { isPodTerminal } from '../pods/pod-conditions.ts';
import type { DeletionFindings } from './namespace-conditions.ts';

/** How long objects that wait for a finalizer are given until the next look, seconds. */
const FINALIZER_ESTIMATE_SECONDS = 15;

export interface ContentDeletion {
  readonly findings: DeletionFindings;
  /** Cluster seconds until what remains should be gone; 0 when nothing is expected to remain. */
  readonly estimate: number;
}

interface Remaining {
  readonly estimate: number;
  readonly count: number;
  readonly finalizers: ReadonlyMap<string, number>;
}

interface Findings {
  discoveryError?: Error;
  readonly contentErrors: Error[];
  readonly remaining: Map<string, number>;
  readonly finalizers: Map<string, number>;
}

export class ContentDeleter {
  constructor(
    readonly client: ApiClient,
    readonly clock: ClusterClock,
  ) {}

  async deleteAll(namespace: Namespace): Promise<ContentDeletion> {
    const findings: Findings = { contentErrors: [], remaining: new Map(), finalizers: new Map() };
    const found = await this.#discover(findings);
    const pods = found.find((resource) => resourceName(resource) === 'pods');
    if (pods) {
      const estimate = await this.#tryDelete(pods, namespace, findings);
      if ((findings.remaining.get(countName(pods)) ?? 0) > 0) return { findings, estimate };
    }
    const rest = found.filter((resource) => resource !== pods);
    const estimates = await Promise.all(rest.map((resource) => this.#tryDelete(resource, namespace, findings)));
    return { findings, estimate: Math.max(0, ...estimates) };
  }

  async #discover(findings: Findings): Promise<readonly DiscoveredResource[]> {
    let discovery: Discovery;
    try {
      discovery = await discover(this.client);
    } catch (error) {
      findings.discoveryError = asError(error);
      return [];
    }
    const { failures, resources: all } = discovery;
    if (failures.size > 0) findings.discoveryError = discoveryFailure(failures);
    return all.filter(({ namespaced, verbs }) => namespaced && verbs.has('delete'));
  }

  async #tryDelete(resource: DiscoveredResource, namespace: Namespace, findings: Findings): Promise<number> {
    try {
      const { estimate, count, finalizers } = await this.#delete(resource, namespace);
      findings.remaining.set(countName(resource), count);
      for (const [name, held] of finalizers) findings.finalizers.set(name, (findings.finalizers.get(name) ?? 0) + held);
      return estimate;
    } catch (error) {
      findings.contentErrors.push(asError(error));
      return 0;
    }
  }

  async #delete(resource: DiscoveredResource, { metadata }: Namespace): Promise<Remaining> {
    const { name: namespace } = metadata;
    const client = this.client.resource(resource);
    const isPods = resourceName(resource) === 'pods';
    const estimate = isPods ? await this.#graceEstimate(namespace, parseTime(metadata.deletionTimestamp)) : 0;
    if (resource.verbs.has('deletecollection')) {
      await client.deleteCollection({ namespace, propagationPolicy: 'Background' });
    } else if (resource.verbs.has('list')) {
      await this.#deleteEach(resource, namespace);
    }
    if (!resource.verbs.has('list')) return { estimate, count: 0, finalizers: new Map() };
    const { items } = await client.list({ namespace });
    const finalizers = countFinalizers(items);
    if (items.length === 0 || estimate > 0) return { estimate, count: items.length, finalizers };
    if (finalizers.size > 0) return { estimate: FINALIZER_ESTIMATE_SECONDS, count: items.length, finalizers };
    const { group, version } = resource;
    const gvr = `${group}/${version}, Resource=${resource.resource}`;
    throw new Error(`unexpected items still remain in namespace: ${namespace} for gvr: ${gvr}`);
  }

  async #deleteEach(resource: DiscoveredResource, namespace: string): Promise<void> {
    const client = this.client.resource(resource);
    const { items } = await client.list({ namespace });
    for (const { metadata } of items) {
      await client.delete(metadata.name, { namespace, propagationPolicy: 'Background' }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
  }

  /** The longest grace period among the Pods, seconds; 0 once it is over. */
  async #graceEstimate(namespace: string, deletedAt: number): Promise<number> {
    const { items } = await this.client.resource(resources.pods).list({ namespace });
    const graces = items.filter((pod) => !isPodTerminal(pod)).map(gracePeriod);
    const longest = Math.max(0, ...graces);
    return this.clock.elapsed(deletedAt) >= longest * 1000 ? 0 : longest;
  }
}

function gracePeriod({ spec }: Pod): number {
  return spec.terminationGracePeriodSeconds ?? 0;
}

/** `pods.`, `deployments.apps`: upstream writes the dot also for the core group. */
function countName({ resource, group }: DiscoveredResource): string {
  return `${resource}.${group}`;
}

function countFinalizers(items: readonly { metadata: { finalizers?: string[] } }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of items.flatMap(({ metadata }) => metadata.finalizers ?? [])) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** As client-go's ErrGroupDiscoveryFailed, inside the namespace controller's sentence. */
function discoveryFailure(failures: ReadonlyMap<string, Error>): Error {
  const parts = [...failures].map(([path, error]) => `${path.replace(/^\/apis?\//, '')}: ${error.message}`).sort();
  const list = `unable to retrieve the complete list of server APIs: ${parts.join(', ')}`;
  return new Error(`Discovery failed for some groups, ${failures.size} failing: ${list}`);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
