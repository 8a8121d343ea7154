/**
 * A control group: the processes of one container, and what they may use together (cgroups(7)).
 *
 * Invariants: at most `pidsMax` processes, zombies included (EAGAIN beyond); it never uses more memory than it may for
 * longer than one charge; every member has ended before `killAll` comes back.
 */
import { FileError } from '../filesystem/file-error.ts';
import { CpuShare } from './cpu-share.ts';
import { Account, UNLIMITED } from './memory-account.ts';
import type { NodeKernel } from './node-kernel.ts';
import type { EmulatedProcess } from './process.ts';

/** Enough for any script; what bounds a fork bomb. */
export const PIDS_MAX = 512;
/** What the programs of one container may hold of the real memory of this process. */
export const HEAP_BYTES = 64 * 1024 * 1024;

export interface CgroupLimits {
  /** Bytes. */
  readonly memory?: number | undefined;
  /** Millicores. */
  readonly cpu?: number | undefined;
  /** Millicores asked for, which make its weight. */
  readonly cpuRequest?: number | undefined;
  /** /proc/PID/oom_score_adj of its processes. */
  readonly oomScoreAdjust?: number | undefined;
}

export class Cgroup {
  readonly members = new Set<EmulatedProcess>();
  readonly pidsMax = PIDS_MAX;
  readonly memory: Account;
  readonly cpu: CpuShare;
  /** Set when the kernel has killed one of its processes for memory. */
  oomKilled = false;
  /** cpu.weight, from the request as the kubelet and runc make it. */
  cpuWeight = 1;
  oomScoreAdjust = 0;
  #oomKills = 0;

  /** @param pod the account of the Pod that it belongs to */
  constructor(
    readonly kernel: NodeKernel,
    limits: CgroupLimits,
    pod: Account = kernel.memory,
  ) {
    this.memory = new Account(UNLIMITED, pod, (account) => this.makeRoom(account));
    this.cpu = new CpuShare(kernel.scheduler);
    this.setLimits(limits);
  }

  get oomKills(): number {
    return this.#oomKills;
  }

  setLimits({ memory = Number.POSITIVE_INFINITY, cpu, cpuRequest = 0, oomScoreAdjust = 0 }: CgroupLimits): void {
    this.oomScoreAdjust = oomScoreAdjust;
    const shares = Math.max(2, Math.floor((cpuRequest * 1024) / 1000));
    this.cpuWeight = Math.floor(1 + ((shares - 2) * 9999) / 262142);
    this.cpu.limit = cpu === undefined || cpu === 0 ? Number.POSITIVE_INFINITY : cpu / 1000;
    this.memory.setLimits({ total: memory, held: HEAP_BYTES });
  }

  /** Whether there is room for one more process. @throws FileError EAGAIN */
  check(): void {
    if (this.members.size >= this.pidsMax || this.kernel.isFull) throw new FileError('EAGAIN', 'fork');
  }

  add(process: EmulatedProcess): void {
    this.kernel.addProcess(this);
    this.members.add(process);
  }

  /** A process is out of the table. */
  remove(process: EmulatedProcess): void {
    if (this.members.delete(process)) this.kernel.removeProcess(this);
  }

  killAll(): void {
    for (const process of [...this.members]) process.deliver('KILL', true);
  }

  /**
   * Over the container's limit all its processes are killed together (memory.oom.group, which the kubelet sets); over
   * what this process can spare the one that uses most.
   */
  makeRoom(account: Account): void {
    while (account.isOver) {
      const victim = this.biggest();
      if (victim === undefined) return;
      this.oomKilled = true;
      this.#oomKills++;
      if (account.used > account.limit) this.killAll();
      else victim.deliver('KILL', true);
    }
  }

  biggest(): EmulatedProcess | undefined {
    let biggest: EmulatedProcess | undefined;
    for (const process of this.members) {
      if (process.status === undefined && process.memoryUsed > (biggest?.memoryUsed ?? 0)) biggest = process;
    }
    return biggest;
  }
}
