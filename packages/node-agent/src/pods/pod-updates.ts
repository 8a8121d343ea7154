/**
 * Which updates of a Pod matter to its node (upstream: pkg/kubelet/config, where RECONCILE is told from UPDATE).
 */
import { jsonEqual, type Pod } from '@regatta/api';

/** Whether an update asks for something, rather than tells of it. */
export function wantsOther({ metadata: before }: Pod, { metadata: after }: Pod): boolean {
  return (
    before.generation !== after.generation ||
    before.deletionTimestamp !== after.deletionTimestamp ||
    before.deletionGracePeriodSeconds !== after.deletionGracePeriodSeconds ||
    !jsonEqual(before.labels, after.labels) ||
    !jsonEqual(before.annotations, after.annotations)
  );
}
