/**
 * The subresources that reach into Pods on their nodes: log, exec, attach. main.ts gives `handlers` to the special
 * handlers of the REST server and `upgrade` to the HTTPS server.
 */
import { statusErrors } from '@regatta/api';
import type { ResourceHandler, SpecialHandlers } from '../handlers/dispatch.ts';
import type { ConnectEnvironment } from './connect-environment.ts';
import { podLog } from './pod-log.ts';
import { processRequest } from './pod-process.ts';

export type { ConnectEnvironment, UpgradeEnvironment } from './connect-environment.ts';
export { upgradeHandler } from './upgrade.ts';

/** Handlers by path, as specialHandlers takes them. */
export function connectHandlers(env: ConnectEnvironment): SpecialHandlers {
  // A request for a stream that does not ask to be upgraded: what is wrong with it is said first.
  const needsUpgrade: ResourceHandler = (_env, call) => {
    processRequest(call.info, env.pod(call.info.namespace, call.info.name));
    throw statusErrors.badRequest('Upgrade request required');
  };
  return new Map<string, ResourceHandler>([
    ['/pods/log', (_env, call) => podLog(env, call)],
    ['/pods/exec', needsUpgrade],
    ['/pods/attach', needsUpgrade],
  ]);
}
