/**
 * Taints: which there are, and writing them (pkg/util/taints, pkg/controller/controller_utils.go).
 *
 * Invariant: a taint is known by key and effect. A write replaces the whole list and carries the resourceVersion that the
 * list was read at, so that no taint of another writer is lost.
 */
import type { Node, Taint, Toleration } from '@regatta/api';
import type { ResourceClient } from '@regatta/client';
import { retryOnConflict } from '../framework/retry-on-conflict.ts';

export const UNREACHABLE = 'node.kubernetes.io/unreachable';
export const NOT_READY = 'node.kubernetes.io/not-ready';
export const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

export type TaintId = Pick<Taint, 'key' | 'effect'>;

export function isSameTaint(a: TaintId, b: TaintId): boolean {
  return a.key === b.key && a.effect === b.effect;
}

export function hasTaint({ spec }: Node, taint: TaintId): boolean {
  return spec.taints?.some((each) => isSameTaint(each, taint)) ?? false;
}

export function noExecuteTaints(node: Node): Taint[] {
  return node.spec.taints?.filter(({ effect }) => effect === 'NoExecute') ?? [];
}

/** Adds and takes off taints in one write. @param now timeAdded of those added @returns the node as it is then */
export async function swapTaints(
  client: ResourceClient<Node>,
  node: Node,
  change: { readonly add?: readonly TaintId[]; readonly remove?: readonly TaintId[] },
  now: string,
): Promise<Node> {
  const { add = [], remove = [] } = change;
  const { name } = node.metadata;
  return retryOnConflict(
    () => client.get(name),
    async (current) => {
      const taints = current.spec.taints ?? [];
      const added = add.filter((taint) => !hasTaint(current, taint)).map((taint) => ({ ...taint, timeAdded: now }));
      const kept = taints.filter((taint) => !remove.some((each) => isSameTaint(each, taint)));
      if (added.length === 0 && kept.length === taints.length) return current;
      const next = [...kept, ...added];
      const { resourceVersion } = current.metadata;
      const body = { metadata: { resourceVersion }, spec: { taints: next.length === 0 ? null : next } };
      return client.patch(name, { type: 'merge', body });
    },
    node,
  );
}

/** Whether a toleration covers a taint (k8s.io/component-helpers/scheduling/corev1, ToleratesTaint). */
export function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  if (operator === 'Exists') return true;
  if (operator === 'Gt' || operator === 'Lt') return comparesTo(operator, value, taint.value);
  return (value ?? '') === (taint.value ?? '');
}

/** Numeric comparison of the taint's value with the toleration's (TaintTolerationComparisonOperators). */
function comparesTo(operator: 'Gt' | 'Lt', limit: string | undefined, actual: string | undefined): boolean {
  const [left, right] = [Number.parseInt(actual ?? '', 10), Number.parseInt(limit ?? '', 10)];
  return operator === 'Gt' ? left > right : left < right;
}
