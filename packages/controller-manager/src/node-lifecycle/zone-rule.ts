/**
 * The zone rule (node_lifecycle_controller.go, handleDisruption): when many nodes go at once, the trouble is more likely
 * the network's or the control plane's than theirs, and eviction is slowed down or stopped.
 *
 * Owns: the state of each zone. Worked example, three nodes without zones: one gone is Normal (evict at 0.1 nodes/s);
 * all three gone is the whole cluster in FullDisruption: eviction stops and NoExecute taints are taken off. Five nodes,
 * three gone: PartialDisruption, and as the zone has no more than 50 nodes eviction stops, else it slows to 0.01 nodes/s.
 */

export type ZoneState = 'Initial' | 'Normal' | 'PartialDisruption' | 'FullDisruption';

export interface ZoneLimits {
  /** Nodes per second that are evicted from in a healthy zone. */
  readonly rate: number;
  /** The same in a partially disrupted zone that is large. */
  readonly secondaryRate: number;
  /** A zone with more nodes than this is large. */
  readonly largeZone: number;
  /** Share of nodes not ready from which on a zone is partially disrupted. */
  readonly unhealthyShare: number;
}

export const DEFAULT_LIMITS: ZoneLimits = { rate: 0.1, secondaryRate: 0.01, largeZone: 50, unhealthyShare: 0.55 };

export interface ZoneCount {
  readonly ready: number;
  readonly notReady: number;
}

export interface ZoneChange {
  readonly zone: string;
  readonly state: ZoneState;
  readonly before: ZoneState;
  /** Nodes per cluster second from now on. */
  readonly rate: number;
  readonly count: ZoneCount;
}

export interface ZoneDecision {
  readonly changes: readonly ZoneChange[];
  /** Every zone went down: nothing can be told apart any more, so nobody is to be evicted. */
  readonly enteredTotal: boolean;
  /** Some zone is back: everybody deserves a new period of grace. */
  readonly leftTotal: boolean;
}

export class ZoneRule {
  readonly #states = new Map<string, ZoneState>();

  constructor(readonly limits: ZoneLimits = DEFAULT_LIMITS) {}

  state(zone: string): ZoneState | undefined {
    return this.#states.get(zone);
  }

  /** Takes in how many nodes of each zone are ready now. */
  decide(counts: ReadonlyMap<string, ZoneCount>): ZoneDecision {
    for (const zone of this.#states.keys()) if (!counts.has(zone)) this.#states.delete(zone);
    for (const zone of counts.keys()) if (!this.#states.has(zone)) this.#states.set(zone, 'Initial');
    const states = new Map([...counts].map(([zone, count]) => [zone, this.#stateOf(count)]));
    const isTotal = allFull(states);
    const wasTotal = allFull(this.#states);
    const changes = [...counts].map(([zone, count]) =>
      this.#change(zone, count, states.get(zone) ?? 'Normal', isTotal),
    );
    for (const { zone, state } of changes) this.#states.set(zone, state);
    const changed = changes.filter(({ state, before }) => state !== before);
    const turned = isTotal !== wasTotal && counts.size > 0;
    return { changes: turned ? changes : changed, enteredTotal: turned && isTotal, leftTotal: turned && wasTotal };
  }

  #change(zone: string, count: ZoneCount, state: ZoneState, isTotal: boolean): ZoneChange {
    const rate = isTotal ? 0 : this.#rate(state, count);
    return { zone, state, before: this.#states.get(zone) ?? 'Initial', rate, count };
  }

  #stateOf({ ready, notReady }: ZoneCount): ZoneState {
    if (ready === 0 && notReady > 0) return 'FullDisruption';
    const share = notReady / (ready + notReady);
    return notReady > 2 && share >= this.limits.unhealthyShare ? 'PartialDisruption' : 'Normal';
  }

  #rate(state: ZoneState, { ready, notReady }: ZoneCount): number {
    if (state !== 'PartialDisruption') return this.limits.rate;
    return ready + notReady > this.limits.largeZone ? this.limits.secondaryRate : 0;
  }
}

function allFull(states: ReadonlyMap<string, ZoneState>): boolean {
  return states.size > 0 && [...states.values()].every((state) => state === 'FullDisruption');
}
