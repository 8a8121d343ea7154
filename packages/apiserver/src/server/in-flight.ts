/**
 * How many requests may be under way at once (upstream: staging/src/k8s.io/apiserver/pkg/server/filters/maxinflight.go).
 * What runs long (watch, log, exec …) and what members of system:masters ask is not counted.
 */
import type { UserInfo } from '../auth/identity.ts';
import type { RequestInfo } from './request-info.ts';

export interface InFlightLimits {
  readonly readOnly: number;
  readonly mutating: number;
}

/** Upstream's --max-requests-inflight and --max-mutating-requests-inflight. */
export const DEFAULT_LIMITS: InFlightLimits = { readOnly: 400, mutating: 200 };

const LONG_RUNNING = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);
const READ_ONLY = new Set(['get', 'list', 'watch']);

export function isLongRunning(info: RequestInfo): boolean {
  return info.verb === 'watch' || LONG_RUNNING.has(info.subresource) || info.path.startsWith('/debug/pprof/');
}

export class InFlight {
  #reading = 0;
  #mutating = 0;

  constructor(readonly limits: InFlightLimits = DEFAULT_LIMITS) {}

  get reading(): number {
    return this.#reading;
  }

  get mutating(): number {
    return this.#mutating;
  }

  /** Takes a place and returns how to give it back; undefined when all are taken. */
  enter(info: RequestInfo, user: UserInfo): (() => void) | undefined {
    if (isLongRunning(info)) return nothing;
    const reads = READ_ONLY.has(info.verb);
    const full = reads ? this.#reading >= this.limits.readOnly : this.#mutating >= this.limits.mutating;
    if (full && !user.groups.includes('system:masters')) return undefined;
    return reads ? this.#read() : this.#mutate();
  }

  #read(): () => void {
    this.#reading++;
    return () => {
      this.#reading--;
    };
  }

  #mutate(): () => void {
    this.#mutating++;
    return () => {
      this.#mutating--;
    };
  }
}

function nothing(): void {
  // Not counted, so nothing to give back.
}
