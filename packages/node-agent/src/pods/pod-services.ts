/**
 * What the workers of one node's Pods share.
 */
import type { RuntimeClass } from '@regatta/api';
import type { ClusterClock, Logger } from '@regatta/runtime';
import type { EventSink, ObjectGetter } from '../api/ports.ts';
import type { ContainerStarter } from '../containers/container-starter.ts';
import type { ContainerStopper } from '../containers/container-stopper.ts';
import type { ImagePuller } from '../containers/image-puller.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import type { ProbeManager } from '../probes/probe-manager.ts';
import type { ContainerRuntime } from '../runtime/container-runtime.ts';
import type { VolumeHost } from '../volumes/volume-host.ts';
import type { PodStatuses } from './pod-statuses.ts';

export interface PodServices {
  readonly node: {
    readonly name: string;
    readonly ip: string;
    readonly clusterDomain: string;
    readonly allocatable: Readonly<Record<string, string>>;
  };
  readonly clock: ClusterClock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly events: EventSink;
  readonly runtime: ContainerRuntime;
  readonly network: PodNetwork;
  readonly statuses: PodStatuses;
  readonly starter: ContainerStarter;
  readonly stopper: ContainerStopper;
  readonly puller: ImagePuller;
  readonly probes: ProbeManager;
  readonly runtimeClasses: ObjectGetter<RuntimeClass>;
  readonly volumes: VolumeHost;
}
