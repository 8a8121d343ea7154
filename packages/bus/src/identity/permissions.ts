/**
 * What each identity may publish and subscribe (DESIGN 4). The server enforces it, so a subject proves who sent.
 *
 * Invariants: everybody reads only its own inbox and the services it serves; only apiservers read API requests; only
 * apiservers and node-agents call node-agents, which see who asks; a node-agent serves only its own name; answers go only to those who may be asked;
 * only apiservers and the fault injector command faults, and an endpoint hears only its own.
 */
import {
  APISERVER_USER,
  CONTROLLER_MANAGER_USER,
  escapeToken,
  FAULT_INJECTOR_USER,
  faultSubject,
  NODE_USER_PREFIX,
  requestSubject,
  SYSTEM_ACCOUNTS,
  servicePrefix,
} from '../subjects.ts';

export interface SubjectPermissions {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

export interface BusPermissions {
  readonly publish: SubjectPermissions;
  readonly subscribe: SubjectPermissions;
}

export function permissionsFor(user: string): BusPermissions {
  const self = escapeToken(user);
  if (user === FAULT_INJECTOR_USER) return allowed(['fault.>'], [`in.${self}.>`]);
  const answers = [APISERVER_USER, FAULT_INJECTOR_USER].map((asker) => `in.${escapeToken(asker)}.${self}.>`);
  const publish = [requestSubject('api', user), ...answers];
  const subscribe = [`in.${self}.>`, faultSubject(user)];
  if (user === APISERVER_USER) {
    publish.push(`in.*.${self}.>`, `rpc.node.*.${requestSubject('api', user).slice('rpc.api._.'.length)}`, 'fault.>');
    subscribe.push(`${servicePrefix('api')}.>`);
  }
  if (user === CONTROLLER_MANAGER_USER) publish.push(requestSubject('api', SYSTEM_ACCOUNTS).replace(/%$/, '*'));
  if (user.startsWith(NODE_USER_PREFIX)) {
    subscribe.push(`${servicePrefix(`node.${user.slice(NODE_USER_PREFIX.length)}`)}.>`);
    // The network between machines: a node connects to Pods of others, and answers them.
    publish.push(`in.*.${self}.>`, `rpc.node.*.${requestSubject('api', user).slice('rpc.api._.'.length)}`);
  }
  return allowed(publish, subscribe);
}

function allowed(publish: readonly string[], subscribe: readonly string[]): BusPermissions {
  return { publish: { allow: publish, deny: [] }, subscribe: { allow: subscribe, deny: [] } };
}
