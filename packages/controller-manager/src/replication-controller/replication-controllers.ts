/**
 * ReplicationControllers, seen as ReplicaSets (pkg/controller/replication): their selector is a plain map and their
 * status does not count terminating Pods.
 */
import type { ReplicationController } from '@regatta/api';
import { resources } from '@regatta/client';
import type { ReplicatedKind } from '../replicaset/replica-set-controller.ts';

export const REPLICATION_CONTROLLERS: ReplicatedKind<ReplicationController> = {
  ref: resources.replicationControllers,
  name: 'replication-controller',
  asReplicaSet: ({ metadata, spec, status, apiVersion, kind }) => ({
    apiVersion,
    kind,
    metadata,
    spec: { ...spec, selector: { matchLabels: spec.selector ?? {} } },
    ...(status ? { status } : {}),
  }),
  withStatus: (object, { terminatingReplicas: _, ...status }) => ({ ...object, status }),
};
