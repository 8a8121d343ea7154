/**
 * What ComponentStatus says of each component: the leaders by their leases, or, where nobody is elected, by what they watch
 * here; the store by being here.
 */
import type { Lease } from '@regatta/api';
import type { ComponentProbe } from '../handlers/special/component-statuses.ts';
import type { BusWatchers } from '../server/bus-watchers.ts';
import type { ServerContext } from '../server/context.ts';
import { storageKey } from '../storage/object-storage.ts';

const DEFAULT_LEASE_SECONDS = 15;

export function componentProbes(
  server: ServerContext,
  watchers: Pick<BusWatchers, 'has'>,
): ReadonlyMap<string, ComponentProbe> {
  const problem = (name: string): string => (watchers.has(`system:${name}`) ? '' : leaseProblem(server, name));
  return new Map<string, ComponentProbe>([
    ['controller-manager', () => problem('kube-controller-manager')],
    ['etcd-0', () => ''],
    ['scheduler', () => problem('kube-scheduler')],
  ]);
}

function leaseProblem(server: ServerContext, name: string): string {
  const lease = server.storage.get<Lease>(storageKey('coordination.k8s.io', 'leases', 'kube-system', name))?.object;
  const renewed = lease?.spec?.renewTime;
  if (!renewed) return 'no leader has been elected';
  const seconds = lease.spec?.leaseDurationSeconds ?? DEFAULT_LEASE_SECONDS;
  return server.clock.elapsed(Date.parse(renewed)) > seconds * 1000 ? 'the leader has not renewed its lease' : '';
}
