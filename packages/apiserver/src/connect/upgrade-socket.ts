/**
 * A connection whose request asks for another protocol, until one side gives up HTTP.
 */
import type { UpgradeHandler } from '../server/https-server.ts';

export type RawSocket = Parameters<UpgradeHandler>[1];

export interface UpgradeSocket extends RawSocket {
  /** Called when the upgrade is granted: from here on nothing is answered over HTTP. */
  taken(): void;
}
