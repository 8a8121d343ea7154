/**
 * What the parts of the apiserver share: built once by main.ts, passed down, never global.
 */

import type { KubeObject, ResourceRef, Schema } from '@regatta/api';
import type { ClusterClock, Logger, Random } from '@regatta/runtime';
import type { ObjectStorage } from '../storage/object-storage.ts';

export interface ServerContext {
  readonly storage: ObjectStorage;
  readonly schema: Schema;
  readonly clock: ClusterClock;
  readonly random: Random;
  readonly logger: Logger;
  /** Reads one object from the view, by resource. */
  get<T extends KubeObject>(ref: ResourceRef<T>, namespace: string, name: string): T | undefined;
}
