/**
 * What /proc tells of the machine as a whole (proc(5)): containers see the machine's figures, not their own.
 */
import type { NodeKernel } from '../process/node-kernel.ts';

export const KERNEL_RELEASE = '6.12.0-regatta';

/** Files by their path below /proc. */
export function machineFiles(kernel: NodeKernel, processes: () => number): Readonly<Record<string, () => string>> {
  return {
    cmdline: () => 'BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 ro\n',
    cpuinfo: () => cpuinfo(kernel),
    filesystems: () => 'nodev\tproc\nnodev\tsysfs\nnodev\ttmpfs\nnodev\tcgroup2\nnodev\toverlay\n\text4\n',
    loadavg: () => loadavg(kernel, processes()),
    meminfo: () => meminfo(kernel),
    stat: () => stat(kernel, processes()),
    uptime: () => uptime(kernel),
    version: () => `Linux version ${KERNEL_RELEASE} (regatta@regatta) #1 SMP\n`,
    swaps: () => 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n',
  };
}

/** Cluster seconds since the machine was switched on. */
export function uptimeSeconds({ clock, bootedAt }: NodeKernel): number {
  return Math.max(0, clock.elapsed(bootedAt)) / 1000;
}

function uptime(kernel: NodeKernel): string {
  const seconds = uptimeSeconds(kernel);
  return `${seconds.toFixed(2)} ${(seconds * kernel.cpus).toFixed(2)}\n`;
}

function loadavg(kernel: NodeKernel, processes: number): string {
  const waiting = kernel.scheduler.length;
  const load = waiting.toFixed(2);
  return `${load} ${load} ${load} ${Math.max(1, waiting)}/${processes} ${processes}\n`;
}

function meminfo(kernel: NodeKernel): string {
  const total = Math.floor(kernel.memoryBytes / 1024);
  const free = Math.max(0, total - Math.ceil(kernel.memory.used / 1024) - SYSTEM_KIB);
  const rows: (readonly [string, number])[] = [
    ['MemTotal', total],
    ['MemFree', free],
    ['MemAvailable', free],
    ['Buffers', 0],
    ['Cached', 0],
    ['SwapCached', 0],
    ['SwapTotal', 0],
    ['SwapFree', 0],
    ['Shmem', 0],
    ['SReclaimable', 0],
  ];
  return rows.map(([name, kib]) => `${`${name}:`.padEnd(16)}${String(kib).padStart(8)} kB\n`).join('');
}

/** What the machine's own services take. */
export const SYSTEM_KIB = 512 * 1024;

function cpuinfo({ cpus }: NodeKernel): string {
  const one = (n: number): string =>
    [
      `processor\t: ${n}`,
      'vendor_id\t: Regatta',
      'cpu family\t: 6',
      'model\t\t: 1',
      'model name\t: Regatta Emulated CPU',
      'cpu MHz\t\t: 2400.000',
      'cache size\t: 4096 KB',
      `cpu cores\t: ${cpus}`,
      'flags\t\t: fpu sse sse2',
      'bogomips\t: 4800.00',
      '',
      '',
    ].join('\n');
  return Array.from({ length: cpus }, (_, n) => one(n)).join('');
}

function stat(kernel: NodeKernel, processes: number): string {
  const idle = Math.round(uptimeSeconds(kernel) * 100);
  const busy = Math.round((kernel.computed * kernel.clock.speed) / 10);
  const line = (name: string, cpus: number): string => `${name} ${busy} 0 0 ${idle * cpus} 0 0 0 0 0 0\n`;
  const each = Array.from({ length: kernel.cpus }, (_, n) => line(`cpu${n}`, 1)).join('');
  const booted = Math.floor(kernel.bootedAt / 1000);
  return `${line('cpu ', kernel.cpus)}${each}btime ${booted}\nprocesses ${processes}\nprocs_running 1\nprocs_blocked 0\n`;
}
