/**
 * What the checks of one PodSpec share. Made once per validation; nothing in it outlives it.
 */
import type { ObjectMeta, PodSpec, Volume } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';

export interface PodChecks {
  readonly errors: ErrorList;
  readonly spec: PodSpec;
  /** The Pod's own metadata; undefined for templates. */
  readonly meta: ObjectMeta | undefined;
  /** Valid volumes by name: mounts of others are not found. */
  readonly volumes: ReadonlyMap<string, Volume>;
  /** Names of spec.resourceClaims. */
  readonly claims: ReadonlySet<string>;
}
