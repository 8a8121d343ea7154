/**
 * What all containers of one machine share of its kernel: memory, processor, the number of processes.
 *
 * Invariants: at most PROCESSES_MAX processes (EAGAIN beyond); while the machine's memory is overcommitted, the process
 * that uses most of all is killed.
 */
import type { ClusterClock, Random } from '@regatta/runtime';
import type { Cgroup } from './cgroup.ts';
import { CpuScheduler } from './cpu-share.ts';
import { Account } from './memory-account.ts';
import type { EmulatedProcess } from './process.ts';

export const PROCESSES_MAX = 4096;
/** What the programs of all containers of a machine may hold of the real memory of this process. */
export const NODE_HEAP_BYTES = 256 * 1024 * 1024;

export interface MachineSize {
  readonly cpus: number;
  readonly memoryBytes: number;
}

const DEFAULT_SIZE: MachineSize = { cpus: 4, memoryBytes: 16 * 1024 ** 3 };

export class NodeKernel {
  readonly scheduler: CpuScheduler;
  readonly memory: Account;
  /** Epoch milliseconds. */
  readonly bootedAt: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly #cgroups = new Map<Cgroup, number>();
  #processes = 0;

  /** @param machine what the emulated machine has */
  constructor(
    readonly clock: ClusterClock,
    readonly random: Random,
    { cpus, memoryBytes }: MachineSize = DEFAULT_SIZE,
  ) {
    this.cpus = cpus;
    this.memoryBytes = memoryBytes;
    this.scheduler = new CpuScheduler(clock);
    this.bootedAt = clock.now();
    this.memory = new Account({ total: memoryBytes, held: NODE_HEAP_BYTES }, undefined, () => this.#makeRoom());
  }

  /** Real milliseconds that guests have computed. */
  get computed(): number {
    return this.scheduler.computed;
  }

  get isFull(): boolean {
    return this.#processes >= PROCESSES_MAX;
  }

  addProcess(cgroup: Cgroup): void {
    this.#processes++;
    this.#cgroups.set(cgroup, (this.#cgroups.get(cgroup) ?? 0) + 1);
  }

  removeProcess(cgroup: Cgroup): void {
    this.#processes--;
    const left = (this.#cgroups.get(cgroup) ?? 1) - 1;
    if (left > 0) this.#cgroups.set(cgroup, left);
    else this.#cgroups.delete(cgroup);
  }

  #makeRoom(): void {
    while (this.memory.isOver) {
      const biggest = this.#biggest();
      if (biggest === undefined) return;
      biggest.cgroup.oomKilled = true;
      biggest.process.deliver('KILL', true);
    }
  }

  #biggest(): { readonly cgroup: Cgroup; readonly process: EmulatedProcess } | undefined {
    let biggest: { readonly cgroup: Cgroup; readonly process: EmulatedProcess } | undefined;
    for (const cgroup of this.#cgroups.keys()) {
      const process = cgroup.biggest();
      if (process && process.memoryUsed > (biggest?.process.memoryUsed ?? 0)) biggest = { cgroup, process };
    }
    return biggest;
  }
}
