/**
 * Where Pods' workers report to (see status-manager.ts).
 */
import type { Pod, PodStatus } from '@regatta/api';

export interface PodStatuses {
  /** The API's newest known state of a Pod. */
  observe(pod: Pod): void;
  /** What the status should be. */
  set(pod: Pod, status: PodStatus): void;
  /** The newest status that the API is known to have. */
  current(pod: Pod): Pod;
  /** The Pod has ended here: delete it from the API when it is marked for deletion. */
  finish(pod: Pod): void;
  forget(uid: string): void;
}
