/**
 * The facts of an emulated machine: what flags say, and what stays the same for all of them.
 */
import { Quantity } from '@regatta/api';
import type { MachineSize } from '../runtime/process/node-kernel.ts';

export interface MachineOptions {
  readonly name: string;
  readonly ip: string;
  /** Quantities. */
  readonly cpu: string;
  readonly memory: string;
  readonly pods: string;
  readonly ephemeralStorage: string;
  /** Labels besides the ones that every node has. */
  readonly labels: Readonly<Record<string, string>>;
}

export const DEFAULT_MACHINE = { cpu: '4', memory: '16Gi', pods: '110', ephemeralStorage: '100Gi' } as const;

/** Kept back for the kubelet's hard eviction threshold (memory.available<100Mi, nodefs.available<10%). */
const MEMORY_RESERVE = '100Mi';

export class Machine {
  readonly name: string;
  readonly ip: string;
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** What its kernel shows. */
  readonly size: MachineSize;

  /** @throws QuantityError */
  constructor(options: MachineOptions) {
    this.name = options.name;
    this.ip = options.ip;
    const base = { cpu: options.cpu, 'hugepages-1Gi': '0', 'hugepages-2Mi': '0', pods: options.pods };
    for (const text of [options.cpu, options.pods]) Quantity.parse(text);
    const storage = Quantity.parse(options.ephemeralStorage).value();
    const memory = Quantity.parse(options.memory).value() / 1024n;
    const reserve = Quantity.parse(MEMORY_RESERVE).value() / 1024n;
    this.capacity = { ...base, 'ephemeral-storage': `${storage / 1024n}Ki`, memory: `${memory}Ki` };
    this.size = {
      cpus: Math.max(1, Number(Quantity.parse(options.cpu).value())),
      memoryBytes: Number(memory) * 1024,
    };
    this.allocatable = {
      ...base,
      'ephemeral-storage': String((storage * 9n) / 10n),
      memory: `${memory > reserve ? memory - reserve : 0n}Ki`,
    };
    this.labels = {
      'beta.kubernetes.io/arch': 'amd64',
      'beta.kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': options.name,
      'kubernetes.io/os': 'linux',
      ...options.labels,
    };
  }
}
