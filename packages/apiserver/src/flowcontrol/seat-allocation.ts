/**
 * Divides seats among levels: each gets the same proportion of what it aims at, within its bounds
 * (upstream: staging/src/k8s.io/apiserver/pkg/util/flowcontrol/conc_alloc.go).
 */
export interface SeatClaim {
  /** At least `lower`. */
  readonly target: number;
  readonly lower: number;
  readonly upper: number;
}

export interface SeatAllocation {
  /** In the order of the claims. */
  readonly seats: readonly number[];
  /** What the seats of a claim without bounds are of its target. */
  readonly proportion: number;
}

const SMALLEST_TARGET = 0.001;
/** Enough for doubles: each step halves what is unknown of the proportion. */
const STEPS = 100;

/** Seats that sum up to `sum`; undefined when the bounds don't allow it. */
export function allocateSeats(sum: number, claims: readonly SeatClaim[]): SeatAllocation | undefined {
  const total = (of: (claim: SeatClaim) => number): number => claims.reduce((all, claim) => all + of(claim), 0);
  if (sum < 0 || total(({ lower }) => lower) > sum || total(({ upper }) => upper) < sum) return undefined;
  const at = (proportion: number): number => total((claim) => seatsAt(claim, proportion));
  // What is given grows with the proportion, from all lower bounds to all upper bounds.
  let low = 0;
  let high = Math.max(1, ...claims.map(({ target, upper }) => upper / Math.max(target, SMALLEST_TARGET)));
  for (let step = 0; step < STEPS && low < high; step++) {
    const middle = (low + high) / 2;
    if (at(middle) < sum) low = middle;
    else high = middle;
  }
  return { seats: claims.map((claim) => seatsAt(claim, high)), proportion: high };
}

function seatsAt({ target, lower, upper }: SeatClaim, proportion: number): number {
  return Math.max(lower, Math.min(upper, proportion * Math.max(target, SMALLEST_TARGET)));
}
