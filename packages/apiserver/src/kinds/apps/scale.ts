/**
 * The scale subresource of workloads (upstream: pkg/registry/apps/<kind>/storage/storage.go ScaleREST).
 */
import { type KubeObject, type LabelSelector, labelSelectorFrom } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';

interface Scalable extends KubeObject {
  spec: { replicas?: number; selector?: LabelSelector };
  status?: { replicas?: number };
}

export function scaleOf<T extends Scalable>(): NonNullable<Strategy<T>['scale']> {
  return {
    version: 'autoscaling/v1',
    replicas: (object) => object.spec.replicas ?? 0,
    setReplicas: (object, replicas) => {
      object.spec.replicas = replicas;
    },
    statusReplicas: (object) => object.status?.replicas ?? 0,
    selector: (object) => (object.spec.selector ? labelSelectorFrom(object.spec.selector).toString() : ''),
  };
}
