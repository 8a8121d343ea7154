/**
 * The Node object as the kubelet makes and keeps it (upstream: pkg/kubelet/kubelet_node_status.go). Pure.
 */
import {
  type ContainerImage,
  jsonEqual,
  KUBERNETES_VERSION,
  type Node,
  type NodeCondition,
  type NodeStatus,
  type Taint,
} from '@regatta/api';
import type { ImageRecord } from '../runtime/container-runtime.ts';
import type { Machine } from './machine.ts';
import { nodeConditions } from './node-conditions.ts';
import type { NodeIdentity } from './node-identity.ts';

const KUBELET_PORT = 10_250;
/** The most images that a node reports (the kubelet's nodeStatusMaxImages). */
const MOST_IMAGES = 50;

/** What the machine says it runs. */
export const OS_IMAGE = 'Regatta emulated Linux';

export interface NodeFacts {
  readonly machine: Machine;
  readonly identity: NodeIdentity;
  readonly runtimeVersion: string;
  readonly images: readonly ImageRecord[];
  readonly networkReady: boolean;
  readonly memoryPressure: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export function initialNode(facts: NodeFacts, taints: readonly Taint[]): Node {
  const { machine } = facts;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: machine.name,
      labels: { ...machine.labels },
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: { providerID: `regatta://${machine.name}`, ...(taints.length === 0 ? {} : { taints: [...taints] }) },
    status: nodeStatus(facts, undefined),
  };
}

export function nodeStatus(facts: NodeFacts, before: NodeStatus | undefined): NodeStatus {
  const { machine, identity } = facts;
  return {
    ...before,
    addresses: [
      { type: 'InternalIP', address: machine.ip },
      { type: 'Hostname', address: machine.name },
    ],
    capacity: { ...machine.capacity },
    allocatable: { ...machine.allocatable },
    conditions: nodeConditions(before?.conditions ?? [], facts),
    daemonEndpoints: { kubeletEndpoint: { Port: KUBELET_PORT } },
    images: reportedImages(facts.images),
    nodeInfo: {
      architecture: 'amd64',
      bootID: identity.bootId,
      containerRuntimeVersion: facts.runtimeVersion,
      kernelVersion: '6.12.0-regatta',
      kubeProxyVersion: '',
      kubeletVersion: KUBERNETES_VERSION,
      machineID: identity.machineId,
      operatingSystem: 'linux',
      osImage: OS_IMAGE,
      systemUUID: identity.systemUuid,
    },
  };
}

/** The largest first, each under its digest and its tag. */
function reportedImages(images: readonly ImageRecord[]): ContainerImage[] {
  return [...images]
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, MOST_IMAGES)
    .map(({ digestReference, reference, sizeBytes }) => ({
      names: [...new Set([digestReference, reference])],
      sizeBytes,
    }));
}

/** Whether anything but heartbeat times differs. */
export function nodeStatusChanged(before: NodeStatus | undefined, after: NodeStatus): boolean {
  return !jsonEqual(withoutHeartbeats(before), withoutHeartbeats(after));
}

function withoutHeartbeats(status: NodeStatus | undefined): unknown {
  const conditions = (status?.conditions ?? []).map(({ lastHeartbeatTime: _, ...rest }: NodeCondition) => rest);
  return { ...status, conditions, images: status?.images ?? [] };
}
