/**
 * ReplicaSets (upstream: pkg/registry/apps/replicaset/strategy.go).
 */
import type { ReplicaSet } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { defaultReplicaSet } from './defaults.ts';
import { scaleOf } from './scale.ts';

export const replicaSetStrategy: Strategy<ReplicaSet> = {
  tracksGeneration: true,
  applyDefaults: defaultReplicaSet,
  prepareForCreate(set) {
    set.status = { replicas: 0 };
  },
  fieldLabels: ['status.replicas'],
  selectableFields: (set) => ({ 'status.replicas': String(set.status?.replicas ?? 0) }),
  scale: scaleOf<ReplicaSet>(),
};
