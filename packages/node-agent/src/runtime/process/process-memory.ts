/**
 * The memory account of one process.
 */
import { Account, type MemoryKind, UNLIMITED } from './memory-account.ts';
import type { EmulatedProcess } from './process.ts';
import { ProcessEnded } from './process-context.ts';

/** A process's own account: over a limit it may be the one that is killed. */
export class ProcessMemory extends Account {
  constructor(private readonly process: EmulatedProcess) {
    super(UNLIMITED, process.host.cgroup.memory);
  }

  override charge(bytes: number, kind: MemoryKind = 'held'): void {
    super.charge(bytes, kind);
    if (this.process.status === undefined) return;
    this.releaseAll();
    throw new ProcessEnded();
  }
}
