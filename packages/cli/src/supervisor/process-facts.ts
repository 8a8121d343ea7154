/**
 * What the system knows of a process, from /proc where there is one.
 */
import fs from 'node:fs';

export interface ProcessFacts {
  /** Resident memory, bytes. */
  readonly memory?: number;
  /** Stopped by a signal. */
  readonly stopped: boolean;
}

const NOTHING: ProcessFacts = { stopped: false };

export function processFacts(pid: number | undefined): ProcessFacts {
  if (pid === undefined || process.platform !== 'linux') return NOTHING;
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    const kib = /VmRSS:\s+(\d+) kB/.exec(status)?.[1];
    return { stopped: /^State:\s+T/m.test(status), ...(kib === undefined ? {} : { memory: Number(kib) * 1024 }) };
  } catch {
    // It ended meanwhile.
    return NOTHING;
  }
}
