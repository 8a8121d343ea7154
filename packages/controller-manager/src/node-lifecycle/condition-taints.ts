/**
 * The NoSchedule taints and the labels that follow from what a node says of itself
 * (node_lifecycle_controller.go, doNoScheduleTaintingPass and reconcileNodeLabels). Pure.
 */
import type { Node } from '@regatta/api';
import { isSameTaint, NOT_READY, type TaintId, UNREACHABLE } from '../nodes/taints.ts';

const EFFECT = 'NoSchedule';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

/** Condition type → status → taint. */
const TAINT_OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: NOT_READY, Unknown: UNREACHABLE },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
};

const OWNED: ReadonlySet<string> = new Set([
  UNSCHEDULABLE,
  ...Object.values(TAINT_OF).flatMap((by) => Object.values(by)),
]);

/** Taints to add and to take off; undefined when the node has what it should. */
export function conditionTaintChange(node: Node): { add: TaintId[]; remove: TaintId[] } | undefined {
  const wanted = wantedTaints(node);
  const present = (node.spec.taints ?? []).filter(({ key, effect }) => effect === EFFECT && OWNED.has(key));
  const add = wanted.filter((taint) => !present.some((each) => isSameTaint(each, taint)));
  const remove = present.filter((taint) => !wanted.some((each) => isSameTaint(each, taint)));
  return add.length === 0 && remove.length === 0 ? undefined : { add, remove };
}

function wantedTaints({ spec, status }: Node): TaintId[] {
  const keys = (status?.conditions ?? []).flatMap((condition) => TAINT_OF[condition.type]?.[condition.status] ?? []);
  if (spec.unschedulable) keys.push(UNSCHEDULABLE);
  return keys.map((key) => ({ key, effect: EFFECT }));
}

const BETA_LABELS: readonly (readonly [stable: string, beta: string])[] = [
  ['kubernetes.io/os', 'beta.kubernetes.io/os'],
  ['kubernetes.io/arch', 'beta.kubernetes.io/arch'],
];

/** Labels to write so that the beta ones say what the stable ones say; undefined when they do. */
export function betaLabelChange({ metadata }: Node): Record<string, string> | undefined {
  const { labels = {} } = metadata;
  const wrong = BETA_LABELS.flatMap(([stable, beta]) => {
    const value = labels[stable];
    return value === undefined || labels[beta] === value ? [] : [[beta, value] as const];
  });
  return wrong.length === 0 ? undefined : Object.fromEntries(wrong);
}
