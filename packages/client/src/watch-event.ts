/**
 * What a watch yields. A BOOKMARK's object has nothing but kind and metadata.resourceVersion (and, at the end of initial
 * events, the annotation `k8s.io/initial-events-end`). ERROR frames never come out: they are thrown as StatusErrors.
 */
import type { KubeObject } from '@regatta/api';

export interface WatchEvent<T extends KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}
