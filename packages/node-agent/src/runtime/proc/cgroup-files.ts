/**
 * /sys/fs/cgroup: what a container may use and uses (the kernel's Documentation/admin-guide/cgroup-v2.rst).
 */
import type { Cgroup } from '../process/cgroup.ts';
import { PERIOD_MS } from '../process/cpu-share.ts';
import { BASE_RESIDENT } from './process-files.ts';

/** Files by name. */
export function cgroupFiles(cgroup: () => Cgroup): Readonly<Record<string, () => string>> {
  const line = (value: (group: Cgroup) => number | string) => () => `${value(cgroup())}\n`;
  return {
    'cgroup.controllers': () => 'cpuset cpu io memory hugetlb pids rdma misc\n',
    'cgroup.procs': () => pids(cgroup()),
    'cgroup.type': () => 'domain\n',
    'cpu.max': line(({ cpu }) => `${limited(cpu.limit * PERIOD_MS * 1000)} ${PERIOD_MS * 1000}`),
    'cpu.weight': line(({ cpuWeight }) => cpuWeight),
    'cpu.stat': () => cpuStat(cgroup()),
    'memory.current': line(memoryUse),
    'memory.max': line(({ memory }) => limited(memory.limit)),
    'memory.events': line(({ oomKills }) => `low 0\nhigh 0\nmax ${oomKills}\noom ${oomKills}\noom_kill ${oomKills}`),
    'memory.swap.max': () => '0\n',
    'pids.current': line(({ members }) => members.size),
    'pids.max': line(({ pidsMax }) => pidsMax),
  };
}

/** Bytes: what its processes have charged, and what each takes by itself. */
export function memoryUse({ memory, members }: Cgroup): number {
  return memory.used + members.size * BASE_RESIDENT;
}

function limited(value: number): string {
  return Number.isFinite(value) ? String(Math.round(value)) : 'max';
}

function pids({ members }: Cgroup): string {
  return [...members].map(({ pid }) => `${pid}\n`).join('');
}

function cpuStat({ cpu, kernel }: Cgroup): string {
  const used = Math.round(cpu.used * kernel.clock.speed * 1000);
  const { all, throttled } = cpu.periods;
  return `usage_usec ${used}\nuser_usec ${used}\nsystem_usec 0\nnr_periods ${all}\nnr_throttled ${throttled}\nthrottled_usec ${throttled * PERIOD_MS * 1000}\n`;
}
