/**
 * What people call the ends of links, and which users of the bus those are: `node-2`, `apiserver`, `node/apiserver` for a
 * machine with a component's name; as peers of a partition also `control-plane` and `nodes`.
 */
import { APISERVER_USER, CONTROLLER_MANAGER_USER, NODE_USER_PREFIX } from '../subjects.ts';
import { FaultDeskError } from './fault-desk-error.ts';

/** Components that are endpoints of the bus. The broker is what connects them, so it is none. */
export const COMPONENT_USERS: ReadonlyMap<string, string> = new Map([
  ['apiserver', APISERVER_USER],
  ['scheduler', 'system:kube-scheduler'],
  ['controller-manager', CONTROLLER_MANAGER_USER],
]);

const EVERYBODY = '*';

/** The user behind a name. @throws FaultDeskError `not-found` with the names there are */
export function endpointUser(name: string, nodes: readonly string[]): string {
  const [, kind, plain = name] = /^(node|component)\/(.*)$/.exec(name) ?? [];
  const component = kind === 'node' ? undefined : COMPONENT_USERS.get(plain);
  const node = kind !== 'component' && nodes.includes(plain) ? `${NODE_USER_PREFIX}${plain}` : undefined;
  if (component && node)
    throw new FaultDeskError(
      'invalid',
      `"${plain}" is a node and a component: say node/${plain} or component/${plain}.`,
    );
  const user = component ?? node;
  if (user) return user;
  const known = [...(kind === 'component' ? [] : nodes), ...(kind === 'node' ? [] : COMPONENT_USERS.keys())];
  throw new FaultDeskError('not-found', `There is no "${name}". There are: ${known.join(', ') || 'none'}.`);
}

/** The user of a machine. @throws FaultDeskError `not-found` */
export function nodeUserOf(name: string, nodes: readonly string[]): string {
  return endpointUser(name.startsWith('node/') ? name : `node/${name}`, nodes);
}

/** What to call a user: `node-2`, `apiserver`, `everybody`. */
export function endpointName(user: string): string {
  if (user === EVERYBODY) return 'everybody';
  if (user.startsWith(NODE_USER_PREFIX)) return user.slice(NODE_USER_PREFIX.length);
  for (const [name, component] of COMPONENT_USERS) if (component === user) return name;
  return user;
}

export function isNodeUser(user: string): boolean {
  return user.startsWith(NODE_USER_PREFIX);
}

/**
 * The users that `self` is cut from; everybody when nobody is named.
 * @throws FaultDeskError `not-found`, `invalid` when that leaves nobody
 */
export function peersOf(from: readonly string[], self: string, nodes: readonly string[]): readonly string[] {
  if (from.length === 0) return [EVERYBODY];
  const users = from.flatMap((name) => {
    if (name === 'control-plane') return [...COMPONENT_USERS.values()];
    if (name === 'nodes') return nodes.map((node) => `${NODE_USER_PREFIX}${node}`);
    return [endpointUser(name, nodes)];
  });
  const peers = [...new Set(users)].filter((user) => user !== self);
  if (peers.length > 0) return peers;
  throw new FaultDeskError('invalid', `${endpointName(self)} can't be cut from itself: name others with --from.`);
}
