/**
 * Why the last Pods came to be where they are: for each, what every node's filters and every plugin's scores said.
 *
 * Holds the arrays that the scheduling cycle made anyway; text is made when somebody asks. At most LIMIT decisions.
 */
import type { NodeInfo } from '../cache/node-info.ts';
import type { Rejection } from '../framework/rejection.ts';

const LIMIT = 256;

export interface Decision {
  /** `namespace/name` */
  readonly pod: string;
  readonly uid: string;
  /** Epoch ms. */
  readonly at: number;
  /** The chosen node; undefined when none fits. */
  readonly node: string | undefined;
  readonly rejections: ReadonlyMap<string, Rejection>;
  /** Nodes that fit, in the order of the scores. */
  readonly feasible: readonly NodeInfo[];
  readonly totals?: Float64Array;
  readonly scores?: ReadonlyMap<string, Float64Array>;
  /** What the Pod was told when none fits. */
  readonly message?: string;
}

export interface NodeVerdict {
  readonly node: string;
  readonly rejectedBy?: string;
  readonly reasons?: readonly string[];
  readonly total?: number;
  readonly scores?: Readonly<Record<string, number>>;
}

export class DecisionLog {
  readonly #decisions = new Map<string, Decision>();

  constructor(readonly limit: number = LIMIT) {}

  add(decision: Decision): void {
    this.#decisions.delete(decision.uid);
    this.#decisions.set(decision.uid, decision);
    if (this.#decisions.size <= this.limit) return;
    for (const oldest of this.#decisions.keys()) {
      this.#decisions.delete(oldest);
      return;
    }
  }

  /** The last decision about a Pod. */
  get(uid: string): Decision | undefined {
    return this.#decisions.get(uid);
  }

  list(): readonly Decision[] {
    return [...this.#decisions.values()];
  }
}

/** Node by node: who refused it, or how each plugin scored it, best first. */
export function explain(decision: Decision): NodeVerdict[] {
  const scored = decision.feasible.map((node, i) => ({
    node: node.name,
    ...(decision.totals && { total: decision.totals[i] ?? 0 }),
    scores: Object.fromEntries([...(decision.scores ?? [])].map(([plugin, scores]) => [plugin, scores[i] ?? 0])),
  }));
  const refused = [...decision.rejections].map(([node, { plugin, reasons }]) => ({
    node,
    rejectedBy: plugin,
    reasons,
  }));
  return [...scored.sort((a, b) => (b.total ?? 0) - (a.total ?? 0)), ...refused];
}
