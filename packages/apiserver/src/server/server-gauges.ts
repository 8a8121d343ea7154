/**
 * Figures about the server itself, in Prometheus' text format under upstream's names
 * (upstream: apiserver/pkg/endpoints/metrics, storage/etcd3/metrics, component-base/metrics, the Prometheus client's
 * process collector). They are read when the page is.
 */
import { type Clock, type MetricsRegistry, processMetrics, type Sample } from '@regatta/runtime';
import { VERSION_INFO } from '../discovery/version.ts';
import type { FlowControl } from '../flowcontrol/flow-control.ts';
import type { Catalog } from '../registry/resource-registry.ts';
import { type ObjectStorage, storageKey } from '../storage/mod.ts';

export interface GaugeSources {
  readonly flow: FlowControl;
  readonly storage: ObjectStorage;
  readonly catalog: Catalog;
  readonly clock: Clock;
}

export function serverGauges(metrics: MetricsRegistry, { flow, storage, catalog, clock }: GaugeSources): void {
  metrics.read(
    'apiserver_current_inflight_requests',
    '[STABLE] Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
    ['request_kind'],
    () => (['mutating', 'readOnly'] as const).map((kind): Sample => [[kind], flow.underWay[kind]]),
  );
  metrics.read(
    'apiserver_current_inqueue_requests',
    '[ALPHA] Maximal number of queued requests in this apiserver per request kind in last second.',
    ['request_kind'],
    () => [[['waiting'], flow.queued]],
  );
  metrics.read(
    'apiserver_resource_objects',
    '[ALPHA] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.',
    ['group', 'resource'],
    () => storedObjects(storage, catalog),
  );
  // Replaced by the one above and still there, as upstream keeps it.
  metrics.read(
    'apiserver_storage_objects',
    '[STABLE] [DEPRECATED, consider using apiserver_resource_objects instead] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.',
    ['resource'],
    () =>
      storedObjects(storage, catalog).map(
        ([[group, resource = ''], count]): Sample => [[group ? `${resource}.${group}` : resource], count],
      ),
  );
  const { major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform } = VERSION_INFO;
  metrics.read(
    'kubernetes_build_info',
    "[ALPHA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
    [
      ...['major', 'minor', 'git_version', 'git_commit', 'git_tree_state', 'build_date', 'go_version', 'compiler'],
      'platform',
    ],
    () => [[[major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform], 1]],
  );
  processMetrics(metrics, clock);
}

function storedObjects(storage: ObjectStorage, catalog: Catalog): Sample[] {
  const counts = new Map<string, Sample>();
  for (const { group, resource } of catalog.resources) {
    const key = storageKey(group, resource);
    // Versions of a resource share their objects; a resource of no objects is no series.
    if (resource.includes('/') || counts.has(key)) continue;
    const list = storage.list(key, { limit: 1 });
    if (list instanceof Promise || list.items.length === 0) continue;
    counts.set(key, [[group, resource], list.items.length + (list.remaining ?? 0)]);
  }
  return [...counts.values()];
}
