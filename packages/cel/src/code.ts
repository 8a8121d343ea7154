/**
 * What an expression becomes: a closure with its type, and what it may cost at most.
 */
import { CostError } from './cel-error.ts';
import type { CelType } from './types.ts';
import type { Value } from './values.ts';

/** What one evaluation may still do. Shared by all expressions of one budget. */
export class CostMeter {
  #left: number;

  constructor(limit: number) {
    this.#left = limit;
  }

  get left(): number {
    return this.#left;
  }

  /** @throws CostError when it is used up */
  charge(cost: number): void {
    this.#left -= cost;
    if (this.#left < 0) throw new CostError();
  }

  /** Takes off what was measured elsewhere. */
  spend(cost: number): void {
    this.#left -= cost;
  }
}

/** One evaluation: variables by slot, and its budget. */
export interface Frame {
  readonly vars: Value[];
  readonly meter: CostMeter;
}

export interface Code {
  readonly type: CelType;
  /** @throws EvaluationError, CostError */
  readonly run: (frame: Frame) => Value;
  /** The most that a run costs; Infinity when nothing bounds it. */
  readonly cost: number;
  /** The largest size of what it gives. */
  readonly size: number;
}

/** 0 × Infinity is nothing. */
export function times(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b;
}
