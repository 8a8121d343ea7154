/**
 * The subresources that reach into Pods and nodes: log, exec, attach, portforward, proxy. main.ts gives `handlers` to the
 * special handlers of the REST server and `upgrade` to the HTTPS server.
 */
import { statusErrors } from '@regatta/api';
import type { ResourceHandler, SpecialHandlers } from '../handlers/dispatch.ts';
import { admitConnect } from './connect-admission.ts';
import type { ConnectEnvironment } from './connect-environment.ts';
import { requireCreate } from './create-permission.ts';
import { podLog } from './pod-log.ts';
import { portForwardRequest, processRequest, requireStreams } from './pod-process.ts';
import { proxyRequest } from './proxy/proxy-request.ts';
import { holdPlace } from './stream-places.ts';

export type { ConnectEnvironment, UpgradeEnvironment } from './connect-environment.ts';
export { connectEnvironment } from './open-environment.ts';
export { upgradeHandler } from './upgrade.ts';

/** Handlers by path, as specialHandlers takes them. */
export function connectHandlers(env: ConnectEnvironment): SpecialHandlers {
  // A request for a stream that does not ask to be upgraded: what is wrong with it is said first.
  const needsUpgrade =
    (check: typeof processRequest | typeof portForwardRequest): ResourceHandler =>
    async ({ authorizer, registry }, call) => {
      const { info } = call;
      await admitConnect(registry.admission, call);
      requireCreate(authorizer, call);
      const pod = env.pod(info.namespace, info.name);
      const wanted = check(info, pod);
      env.requireNode(pod.spec.nodeName ?? '');
      requireStreams(wanted);
      throw statusErrors.badRequest('Upgrade request required');
    };
  const proxy: ResourceHandler = async ({ registry }, call) => {
    holdPlace(env.places, call);
    await admitConnect(registry.admission, call);
    return proxyRequest(env.proxy, call);
  };
  return new Map<string, ResourceHandler>([
    ['/pods/log', (_env, call) => podLog(env, call)],
    ['/pods/exec', needsUpgrade(processRequest)],
    ['/pods/attach', needsUpgrade(processRequest)],
    ['/pods/portforward', needsUpgrade(portForwardRequest)],
    ['/pods/proxy', proxy],
    ['/services/proxy', proxy],
    ['/nodes/proxy', proxy],
  ]);
}
