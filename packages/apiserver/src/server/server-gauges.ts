/**
 * Figures about the server itself, in Prometheus' text format under upstream's names
 * (upstream: apiserver/pkg/endpoints/metrics, storage/etcd3/metrics, component-base/metrics, the Prometheus client's
 * process collector). They are read when the page is.
 */
import { readdirSync } from 'node:fs';
import type { Clock } from '@regatta/runtime';
import { VERSION_INFO } from '../discovery/version.ts';
import type { Catalog } from '../registry/resource-registry.ts';
import { type ObjectStorage, storageKey } from '../storage/mod.ts';
import type { FlowControl } from './flow-control.ts';
import type { RequestMetrics } from './request-metrics.ts';

export interface GaugeSources {
  readonly flow: FlowControl;
  readonly storage: ObjectStorage;
  readonly catalog: Catalog;
  readonly clock: Clock;
}

export function serverGauges(metrics: RequestMetrics, { flow, storage, catalog, clock }: GaugeSources): void {
  const kinds = [
    ['mutating', 'write'],
    ['readOnly', 'read'],
  ] as const;
  const inflight = 'apiserver_current_inflight_requests';
  metrics.gauge(
    inflight,
    '[STABLE] Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
    () => kinds.map(([kind, seat]) => `${inflight}{request_kind="${kind}"} ${flow.underWay(seat)}`).join('\n'),
  );
  const stored = 'apiserver_resource_objects';
  metrics.gauge(stored, 'Number of stored objects at the time of last check split by kind.', () =>
    storedObjects(stored, storage, catalog),
  );
  const { major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform } = VERSION_INFO;
  const build = `major="${major}",minor="${minor}",git_version="${gitVersion}",git_commit="${gitCommit}",git_tree_state="${gitTreeState}",build_date="${buildDate}",go_version="${goVersion}",compiler="${compiler}",platform="${platform}"`;
  metrics.gauge(
    'kubernetes_build_info',
    "A metric with a constant '1' value labeled by the build.",
    () => `kubernetes_build_info{${build}} 1`,
  );
  processGauges(metrics, clock);
}

function storedObjects(name: string, storage: ObjectStorage, catalog: Catalog): string {
  const counts = new Map<string, number>();
  for (const { group, resource } of catalog.resources) {
    const key = group ? `${resource}.${group}` : resource;
    // Versions of a resource share their objects; a resource of no objects is no series.
    if (resource.includes('/') || counts.has(key)) continue;
    const list = storage.list(storageKey(group, resource), { limit: 1 });
    if (list instanceof Promise || list.items.length === 0) continue;
    counts.set(key, list.items.length + (list.remaining ?? 0));
  }
  return [...counts].map(([resource, count]) => `${name}{resource="${resource}"} ${count}`).join('\n');
}

function processGauges(metrics: RequestMetrics, clock: Clock): void {
  const gauge = (name: string, help: string, read: () => number, type: 'gauge' | 'counter' = 'gauge'): void =>
    metrics.gauge(name, help, () => `${name} ${read()}`, type);
  const cpu = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  const startedAt = clock.now() / 1000 - process.uptime();
  gauge('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', cpu, 'counter');
  gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', () => process.memoryUsage.rss());
  gauge('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', () => startedAt);
  if (process.platform === 'linux') {
    gauge('process_open_fds', 'Number of open file descriptors.', () => readdirSync('/proc/self/fd').length);
  }
}
