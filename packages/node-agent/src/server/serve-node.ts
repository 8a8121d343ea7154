/**
 * What a node answers apiservers on the bus: logs, exec, attach (upstream: pkg/kubelet/server).
 */
import { type BusConnection, nodeService } from '@regatta/bus';
import type { ClusterClock, Logger } from '@regatta/runtime';
import type { NodeAgent } from '../node/node-agent.ts';

export interface ServeNodeOptions {
  readonly bus: BusConnection;
  readonly agent: NodeAgent;
  readonly clock: ClusterClock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export function serveNode({ bus, agent, signal }: ServeNodeOptions): void {
  const served = bus.serve(nodeService(agent.name), (call) => void call.fail('not there yet'));
  signal.addEventListener('abort', () => void served.stop(), { once: true });
}
