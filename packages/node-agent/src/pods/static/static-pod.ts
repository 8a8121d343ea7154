/**
 * A static Pod from a manifest, and its mirror in the API
 * (upstream: pkg/kubelet/config/{common,file}.go and pkg/kubelet/pod/mirror_client.go).
 */

import { createHash } from 'node:crypto';
import type { Container, Node, Pod } from '@regatta/api';
import { formatTime } from '@regatta/client';
import { parseImageReference } from '../../images/image-reference.ts';

const HASH = 'kubernetes.io/config.hash';
const SOURCE = 'kubernetes.io/config.source';
const SEEN = 'kubernetes.io/config.seen';
export const MIRROR = 'kubernetes.io/config.mirror';

/** What a Pod must not refer to that is to run without the API. */
const API_REFERENCES: ReadonlySet<string> = new Set([
  'serviceAccountName',
  'secret',
  'secretRef',
  'secretKeyRef',
  'configMap',
  'configMapRef',
  'configMapKeyRef',
  'persistentVolumeClaim',
  'imagePullSecrets',
  'resourceClaims',
]);

/** A manifest that is no Pod that can run here. */
export class ManifestError extends Error {
  readonly code = 'manifest';
}

/** Where a manifest was found. */
export interface ManifestPlace {
  readonly nodeName: string;
  readonly file: string;
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
}

/** @throws ManifestError */
export function staticPod(document: unknown, { nodeName, file, seenAt }: ManifestPlace): Pod {
  const { metadata, spec } = checked(document);
  const uid = createHash('md5')
    .update(`host:${nodeName}file:${file}`)
    .update(JSON.stringify({ metadata, spec }))
    .digest('hex');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      name: `${metadata.name}-${nodeName.toLowerCase()}`,
      namespace: metadata.namespace || 'default',
      uid,
      generation: 1,
      annotations: { ...metadata.annotations, [HASH]: uid, [SOURCE]: 'file', [SEEN]: formatTime(seenAt) },
    },
    spec: {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      ...spec,
      nodeName,
      // Nothing drives away what belongs to the machine.
      tolerations: [...(spec.tolerations ?? []), { effect: 'NoExecute', operator: 'Exists' }],
      containers: spec.containers.map(withDefaults),
      ...(spec.initContainers ? { initContainers: spec.initContainers.map(withDefaults) } : {}),
    },
    status: { phase: 'Pending' },
  };
}

function checked(document: unknown): Pod {
  const pod = document as Partial<Pod> | null | undefined;
  if (pod?.kind !== 'Pod' || pod.apiVersion !== 'v1') throw new ManifestError('invalid pod: not a v1 Pod');
  if (!pod.metadata?.name) throw new ManifestError('invalid pod: metadata.name is required');
  if (!Array.isArray(pod.spec?.containers) || pod.spec.containers.length === 0)
    throw new ManifestError('invalid pod: spec.containers is required');
  const reference = apiReference(pod.spec);
  if (reference) throw new ManifestError(`invalid pod: static pods can not reference API objects: ${reference}`);
  return pod as Pod;
}

/** The first field that refers to an object of the API. */
function apiReference(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (API_REFERENCES.has(key) && inner !== null && inner !== '') return key;
    const found = apiReference(inner);
    if (found) return found;
  }
  return undefined;
}

function withDefaults(container: Container): Container {
  const reference = parseImageReference(container.image ?? '');
  const isLatest = reference?.tag === 'latest' && reference.digest === undefined;
  return {
    imagePullPolicy: isLatest ? 'Always' : 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ...container,
  };
}

/** What shows a static Pod in the API. */
export function mirrorOf(pod: Pod, node: Node): Pod {
  const { uid = '', generation: _own, ...metadata } = pod.metadata;
  const owner = { apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid ?? '' };
  return {
    ...pod,
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [MIRROR]: uid },
      ownerReferences: [{ ...owner, controller: true }],
    },
  };
}

export function isMirror(pod: Pod): boolean {
  return pod.metadata.annotations?.[MIRROR] !== undefined;
}
