/**
 * What reaching into Pods needs of the apiserver.
 */
import type { Pod } from '@regatta/api';
import type { BusConnection } from '@regatta/bus';
import type { Logger } from '@regatta/runtime';
import type { Pipeline } from '../server/pipeline.ts';

export interface ConnectEnvironment {
  /** The apiserver's own connection. */
  readonly bus: Pick<BusConnection, 'open'>;
  readonly logger: Logger;
  /** @throws StatusError 404 */
  pod(namespace: string, name: string): Pod;
  /** @throws StatusError 404 when there is no such Node; it names Pods as the resource, as upstream's does */
  requireNode(name: string): void;
}

/** For requests that leave HTTP: they are admitted before the socket changes hands. */
export interface UpgradeEnvironment extends ConnectEnvironment {
  readonly pipeline: Pick<Pipeline, 'admit' | 'followUpgrade' | 'options' | 'refuseUpgrade'>;
}
