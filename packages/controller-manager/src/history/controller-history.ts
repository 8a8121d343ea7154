/**
 * The templates that a StatefulSet has had, as ControllerRevisions (pkg/controller/history/controller_history.go,
 * pkg/controller/statefulset/stateful_set_control.go).
 *
 * Invariants: a template that comes back reuses its revision under the next number; a name that is taken by other content
 * leads to another hash (collisionCount); what a live Pod or the status names is never cut off.
 */
import {
  type ControllerRevision,
  isAlreadyExists,
  type KubeObject,
  type OwnerReference,
  type PodTemplateSpec,
} from '@regatta/api';
import type { ResourceClient } from '@regatta/client';
import { canonicalJson, stableHash } from '../framework/stable-hash.ts';

export const REVISION_HASH_LABEL = 'controller.kubernetes.io/hash';

export interface HistoryOwner {
  readonly object: KubeObject;
  readonly reference: OwnerReference;
  readonly template: PodTemplateSpec;
  readonly collisionCount: number;
}

export interface LatestRevision {
  readonly revision: ControllerRevision;
  readonly collisionCount: number;
}

export class ControllerHistory {
  constructor(readonly client: ResourceClient<ControllerRevision>) {}

  /** The revision of the owner's template, made or renumbered where need be. @param known in order of their numbers */
  async latest(owner: HistoryOwner, known: readonly ControllerRevision[]): Promise<LatestRevision> {
    const { collisionCount } = owner;
    const data = revisionData(owner.template);
    const equal = known.findLast((revision) => isSameData(revision.data, data));
    const last = known.at(-1);
    if (equal && equal === last) return { revision: equal, collisionCount };
    const next = (last?.revision ?? 0) + 1;
    if (equal) return { revision: await this.client.update({ ...equal, revision: next }), collisionCount };
    return this.#create(owner, data, next);
  }

  /** Deletes the oldest revisions beyond `limit` that nothing uses. */
  async truncate(known: readonly ControllerRevision[], live: ReadonlySet<string>, limit: number): Promise<void> {
    const spent = known.filter(({ metadata }) => !live.has(metadata.name));
    for (const { metadata } of spent.slice(0, Math.max(0, spent.length - limit))) {
      await this.client.delete(metadata.name, { namespace: metadata.namespace });
    }
  }

  async #create(owner: HistoryOwner, data: object, revision: number): Promise<LatestRevision> {
    for (let { collisionCount } = owner; ; collisionCount++) {
      const wanted = newRevision(owner, data, revision, collisionCount);
      try {
        return { revision: await this.client.create(wanted), collisionCount };
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
      const { name, namespace } = wanted.metadata;
      const existing = await this.client.get(name, namespace);
      if (isSameData(existing.data, data)) return { revision: existing, collisionCount };
    }
  }
}

/** The template as the revision keeps it. */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { spec } = (data ?? {}) as { spec?: { template?: PodTemplateSpec & { $patch?: string } } };
  const { $patch: _, ...template } = spec?.template ?? {};
  return template;
}

export function byNumber(a: ControllerRevision, b: ControllerRevision): number {
  return a.revision - b.revision || (a.metadata.name < b.metadata.name ? -1 : 1);
}

/** A strategic merge patch that puts the template back: what `kubectl rollout undo` applies. */
function revisionData(template: PodTemplateSpec): object {
  return { spec: { template: { ...template, $patch: 'replace' } } };
}

function isSameData(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

function newRevision(owner: HistoryOwner, data: object, revision: number, collisionCount: number): ControllerRevision {
  const { name, namespace, annotations } = owner.object.metadata;
  const hash = stableHash(canonicalJson(data), collisionCount);
  return {
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...owner.template.metadata?.labels, [REVISION_HASH_LABEL]: hash },
      ...(annotations ? { annotations } : {}),
      ownerReferences: [owner.reference],
    },
    data: data as NonNullable<ControllerRevision['data']>,
    revision,
  };
}
