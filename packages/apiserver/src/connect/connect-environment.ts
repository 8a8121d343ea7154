/**
 * What reaching into Pods needs of the apiserver.
 */
import type { Pod } from '@regatta/api';
import type { BusConnection } from '@regatta/bus';
import type { Clock, Logger } from '@regatta/runtime';
import type { Remotes } from '../aggregation/mod.ts';
import type { AdmissionChain } from '../registry/admission-chain.ts';
import type { Pipeline } from '../server/pipeline.ts';
import type { ProxyEnvironment } from './proxy/proxy-target.ts';
import type { StreamPlaces } from './stream-places.ts';

export interface ConnectEnvironment {
  /** The apiserver's own connection. */
  readonly bus: Pick<BusConnection, 'open'>;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Real milliseconds between two pings of an upgraded connection. */
  readonly pingPeriod: number;
  /** @throws StatusError 404 */
  pod(namespace: string, name: string): Pod;
  /** @throws StatusError 404 when there is no such Node; it names Pods as the resource, as upstream's does */
  requireNode(name: string): void;
  readonly proxy: ProxyEnvironment;
  readonly places: StreamPlaces;
}

/** For requests that leave HTTP: they are admitted before the socket changes hands. */
export interface UpgradeEnvironment extends ConnectEnvironment {
  readonly admission: Pick<AdmissionChain, 'mutate' | 'validate'>;
  readonly remotes: Remotes;
  readonly pipeline: Pick<Pipeline, 'admit' | 'followUpgrade' | 'handle' | 'options' | 'refuseUpgrade'>;
}
