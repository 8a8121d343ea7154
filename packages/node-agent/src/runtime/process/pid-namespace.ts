/**
 * A PID namespace: the processes that see each other, by their numbers (pid_namespaces(7)).
 *
 * Owns the table. Invariants: numbers grow and are used again only after MAX_PID; the first process is 1; when it ends,
 * so do all others; a process whose parent has ended is a child of the first one; a process that ended stays in the
 * table until its parent has asked how.
 */
import { FileError } from '../filesystem/file-error.ts';
import type { EmulatedProcess } from './process.ts';
import type { Kernel, ProcessContext, ProcessInfo } from './process-context.ts';
import type { Signal } from './signals.ts';

export const MAX_PID = 32_768;

export class PidNamespace implements Kernel {
  readonly #processes = new Map<number, EmulatedProcess>();
  #lastPid = 0;

  /** The process that the others are left to; undefined when it has ended. */
  get init(): EmulatedProcess | undefined {
    const first = this.#processes.get(1);
    return first?.status === undefined ? first : undefined;
  }

  /** Processes come into being without being seen: programs of a container's start, the runtime's helpers. */
  skip(count: number): void {
    this.#lastPid += count;
  }

  /** The number that the next process gets. @throws FileError EAGAIN */
  allocate(): number {
    for (let tried = 0; tried < MAX_PID; tried++) {
      this.#lastPid = this.#lastPid >= MAX_PID ? 2 : this.#lastPid + 1;
      if (!this.#processes.has(this.#lastPid)) return this.#lastPid;
    }
    throw new FileError('EAGAIN', 'fork');
  }

  add(process: EmulatedProcess): void {
    this.#processes.set(process.pid, process);
    this.#lastPid = Math.max(this.#lastPid, process.pid);
  }

  remove(process: EmulatedProcess): void {
    if (this.#processes.get(process.pid) === process) this.#processes.delete(process.pid);
  }

  members(): EmulatedProcess[] {
    return [...this.#processes.values()];
  }

  processes(): readonly ProcessInfo[] {
    return this.members().sort((a, b) => a.pid - b.pid);
  }

  process(pid: number): EmulatedProcess | undefined {
    return this.#processes.get(pid);
  }

  group(pgid: number): EmulatedProcess[] {
    return this.members().filter((process) => process.pgid === pgid && process.status === undefined);
  }

  kill(target: number, signal: Signal | undefined, sender: ProcessContext): void {
    const targets = this.#targets(target, sender);
    if (targets.length === 0) throw new FileError('ESRCH', 'kill', String(target));
    const allowed = targets.filter((process) => mayTouch(sender, process));
    if (allowed.length === 0) throw new FileError('EPERM', 'kill', String(target));
    if (signal !== undefined) for (const process of allowed) process.deliver(signal);
  }

  /** A signal from the kernel itself: a terminal's, a hang-up. */
  signalGroup(pgid: number, signal: Signal): void {
    for (const process of this.group(pgid)) process.deliver(signal);
  }

  setPriority(pid: number, nice: number, sender: ProcessContext): void {
    const process = this.#processes.get(pid);
    if (process === undefined) throw new FileError('ESRCH', 'setpriority', String(pid));
    const lowers = nice < process.nice && sender.credentials.uid !== 0;
    if (lowers || !mayTouch(sender, process)) throw new FileError('EPERM', 'setpriority', String(pid));
    process.nice = Math.max(-20, Math.min(19, nice));
  }

  /**
   * A group that no shell can continue any more: none of its members has a parent in another group of its session.
   * The terminal's stop signals mean nothing to it.
   */
  isOrphaned(pgid: number): boolean {
    return !this.group(pgid).some(
      ({ parent, sid }) => parent !== undefined && parent.sid === sid && parent.pgid !== pgid,
    );
  }

  /** Everybody ends: PID 1 has. */
  end(): void {
    for (const process of this.members()) process.deliver('KILL', true);
    this.#processes.clear();
  }

  #targets(target: number, sender: ProcessContext): EmulatedProcess[] {
    if (target > 0) {
      const process = this.#processes.get(target);
      return process === undefined ? [] : [process];
    }
    if (target === 0) return this.group(sender.pgid);
    if (target === -1) {
      return this.members().filter(({ pid, status }) => pid !== 1 && pid !== sender.pid && status === undefined);
    }
    return this.group(-target);
  }
}

function mayTouch(sender: ProcessContext, { credentials }: EmulatedProcess): boolean {
  return sender.credentials.uid === 0 || sender.credentials.uid === credentials.uid;
}
