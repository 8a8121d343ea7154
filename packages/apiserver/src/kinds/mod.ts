/**
 * The strategies of the kinds, by `group/resource` of the version in which they are stored.
 */
import type { Strategy } from '../registry/strategy.ts';
import { deploymentStrategy } from './apps/deployment.ts';
import { replicaSetStrategy } from './apps/replica-set.ts';
import { namespaceStrategy } from './core/namespace.ts';
import { podStrategy } from './core/pod.ts';
import { serviceStrategy } from './core/service/strategy.ts';

/** A strategy sees objects of its own kind only; the map forgets which. */
function strategy<T extends Parameters<NonNullable<Strategy['applyDefaults']>>[0]>(of: Strategy<T>): Strategy {
  return of as unknown as Strategy;
}

export const strategies: ReadonlyMap<string, Strategy> = new Map<string, Strategy>([
  ['/pods', strategy(podStrategy)],
  ['/services', strategy(serviceStrategy)],
  ['/namespaces', strategy(namespaceStrategy)],
  ['apps/deployments', strategy(deploymentStrategy)],
  ['apps/replicasets', strategy(replicaSetStrategy)],
]);
