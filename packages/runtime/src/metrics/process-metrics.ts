/**
 * Figures of the process itself, under the names of Prometheus' clients for processes and for Node.js.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import type { MetricsRegistry } from './metrics-registry.ts';

export function processMetrics(metrics: MetricsRegistry, clock: Clock): void {
  const startedAt = clock.now() / 1000 - process.uptime();
  const cpu = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  metrics.gauge('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', cpu, 'counter');
  metrics.gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', () => process.memoryUsage.rss());
  metrics.gauge(
    'process_start_time_seconds',
    'Start time of the process since unix epoch in seconds.',
    () => startedAt,
  );
  metrics.gauge('nodejs_heap_size_total_bytes', 'Process heap size from Node.js in bytes.', () => heap().heapTotal);
  metrics.gauge('nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.', () => heap().heapUsed);
  metrics.gauge('nodejs_external_memory_bytes', 'Node.js external memory size in bytes.', () => heap().external);
  metrics.read('nodejs_active_resources', 'Active resources by type.', ['type'], activeResources);
  const { version } = process;
  const [major = '', minor = '', patch = ''] = version.slice(1).split('.');
  metrics.read('nodejs_version_info', 'Node.js version info.', ['version', 'major', 'minor', 'patch'], () => [
    [[version, major, minor, patch], 1],
  ]);
  if (process.platform === 'linux') ofLinux(metrics);
}

function heap(): NodeJS.MemoryUsage {
  return process.memoryUsage();
}

function* activeResources(): Iterable<readonly [readonly string[], number]> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1);
  for (const [type, count] of counts) yield [[type], count];
}

function ofLinux(metrics: MetricsRegistry): void {
  metrics.gauge('process_open_fds', 'Number of open file descriptors.', () => readdirSync('/proc/self/fd').length);
  metrics.gauge('process_max_fds', 'Maximum number of open file descriptors.', () => {
    const [, soft = '0'] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
  });
  metrics.gauge('process_virtual_memory_bytes', 'Virtual memory size in bytes.', () => {
    const [, kib = '0'] = /^VmSize:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return Number(kib) * 1024;
  });
}
