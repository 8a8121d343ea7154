/**
 * Why a plugin refused a Pod on a node (upstream: k8s.io/kube-scheduler/framework Status with the codes Unschedulable and
 * UnschedulableAndUnresolvable). Success is `undefined`: the usual case makes no object.
 *
 * Rejections are shared between nodes and never changed.
 */
export interface Rejection {
  readonly plugin: string;
  /** True when evicting other Pods from the node could not help. */
  readonly unresolvable: boolean;
  readonly reasons: readonly string[];
}

export function unschedulable(plugin: string, ...reasons: string[]): Rejection {
  return { plugin, unresolvable: false, reasons };
}

export function unresolvable(plugin: string, ...reasons: string[]): Rejection {
  return { plugin, unresolvable: true, reasons };
}
