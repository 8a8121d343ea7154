/**
 * What flow control counts, under upstream's names (upstream: staging/src/k8s.io/apiserver/pkg/util/flowcontrol/metrics).
 *
 * Left out are upstream's histograms of every nanosecond and the figures of its virtual time, which there is none of here.
 */
import type { Counter, Histogram, MetricsRegistry, Sample, SeriesOf } from '@regatta/runtime';
import type { PriorityLevel } from './priority-level.ts';

const PREFIX = 'apiserver_flowcontrol_';
const SECONDS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
const LENGTHS = [0, 10, 25, 50, 100, 250, 500, 1000];
const SEATS = [1, 2, 4, 10];
const FLOW = ['priority_level', 'flow_schema'];

/** Of one schema at its level. */
export interface FlowFigures {
  readonly dispatched: Counter;
  readonly waited: Histogram;
  readonly waitedInVain: Histogram;
  readonly executed: Histogram;
  readonly watched: Histogram;
  readonly seats: Histogram;
  readonly queueLength: Histogram;
  executing: number;
  executingSeats: number;
  waiting: number;
  waitingSeats: number;
  refused(reason: string): void;
}

interface Live {
  readonly level: string;
  readonly schema: string;
  readonly figures: FlowFigures;
}

type LevelFigure = [name: string, help: string, read: (level: PriorityLevel) => number];

const OF_LEVELS: readonly LevelFigure[] = [
  [
    'nominal_limit_seats',
    '[BETA] Nominal number of execution seats configured for each priority level',
    (l) => l.nominal,
  ],
  [
    'lower_limit_seats',
    '[ALPHA] Configured lower bound on number of execution seats available to each priority level',
    (l) => l.lower,
  ],
  [
    'upper_limit_seats',
    '[ALPHA] Configured upper bound on number of execution seats available to each priority level',
    (l) => l.upper,
  ],
  [
    'current_limit_seats',
    '[ALPHA] current derived number of execution seats available to each priority level',
    (l) => l.current,
  ],
  [
    'demand_seats_high_watermark',
    '[ALPHA] High watermark, over last adjustment period, of demand_seats',
    (l) => l.demand.highWatermark,
  ],
  [
    'demand_seats_average',
    '[ALPHA] Time-weighted average, over last adjustment period, of demand_seats',
    (l) => l.demand.average,
  ],
  [
    'demand_seats_stdev',
    '[ALPHA] Time-weighted standard deviation, over last adjustment period, of demand_seats',
    (l) => l.demand.deviation,
  ],
  ['demand_seats_smoothed', '[ALPHA] Smoothed seat demands', (l) => l.demand.smoothed],
  ['target_seats', '[ALPHA] Seat allocation targets', (l) => l.target],
];

export class FlowMetrics {
  readonly #live = new Map<string, Live>();
  readonly #rejected: SeriesOf<Counter>;
  readonly #dispatched: SeriesOf<Counter>;
  readonly #waited: SeriesOf<Histogram>;
  readonly #executed: SeriesOf<Histogram>;
  readonly #seats: SeriesOf<Histogram>;
  readonly #lengths: SeriesOf<Histogram>;

  constructor(registry: MetricsRegistry, levels: () => Iterable<PriorityLevel>, fairFraction: () => number) {
    this.#rejected = registry.counter(
      `${PREFIX}rejected_requests_total`,
      '[BETA] Number of requests rejected by API Priority and Fairness subsystem',
      [...FLOW, 'reason'],
    );
    this.#dispatched = registry.counter(
      `${PREFIX}dispatched_requests_total`,
      '[BETA] Number of requests executed by API Priority and Fairness subsystem',
      FLOW,
    );
    this.#waited = registry.histogram(
      `${PREFIX}request_wait_duration_seconds`,
      '[BETA] Length of time a request spent waiting in its queue',
      [...FLOW, 'execute'],
      SECONDS,
    );
    this.#executed = registry.histogram(
      `${PREFIX}request_execution_seconds`,
      '[ALPHA] Duration of initial stage (for a WATCH) or any (for a non-WATCH) stage of request execution in the API Priority and Fairness subsystem',
      [...FLOW, 'type'],
      SECONDS,
    );
    this.#seats = registry.histogram(
      `${PREFIX}work_estimated_seats`,
      '[ALPHA] Number of estimated seats (maximum of initial and final seats) associated with requests in API Priority and Fairness',
      FLOW,
      SEATS,
    );
    this.#lengths = registry.histogram(
      `${PREFIX}request_queue_length_after_enqueue`,
      '[ALPHA] Length of queue in the API Priority and Fairness subsystem, as seen by each request after it is enqueued',
      FLOW,
      LENGTHS,
    );
    this.#readFlows(registry);
    for (const [name, help, read] of OF_LEVELS) {
      registry.read(`${PREFIX}${name}`, help, ['priority_level'], () =>
        [...levels()].map((level): Sample => [[level.name], read(level)]),
      );
    }
    const fraction = "[ALPHA] Fair fraction of server's concurrency to allocate to each priority level that can use it";
    registry.gauge(`${PREFIX}seat_fair_frac`, fraction, fairFraction);
  }

  /** The figures of a schema at a level; the same ones when it comes back. */
  of(level: string, schema: string): FlowFigures {
    const key = `${level}\0${schema}`;
    const known = this.#live.get(key);
    if (known) return known.figures;
    const figures: FlowFigures = {
      dispatched: this.#dispatched.with(level, schema),
      waited: this.#waited.with(level, schema, 'true'),
      waitedInVain: this.#waited.with(level, schema, 'false'),
      executed: this.#executed.with(level, schema, 'regular'),
      watched: this.#executed.with(level, schema, 'watch'),
      seats: this.#seats.with(level, schema),
      queueLength: this.#lengths.with(level, schema),
      executing: 0,
      executingSeats: 0,
      waiting: 0,
      waitingSeats: 0,
      refused: (reason) => this.#rejected.with(level, schema, reason).inc(),
    };
    this.#live.set(key, { level, schema, figures });
    return figures;
  }

  /** Forgets a schema that is gone and has nothing under way. */
  retain(used: (level: string, schema: string) => boolean): void {
    for (const [key, { level, schema, figures }] of this.#live) {
      if (!used(level, schema) && figures.executing === 0 && figures.waiting === 0) this.#live.delete(key);
    }
  }

  #readFlows(registry: MetricsRegistry): void {
    const read = (name: string, help: string, of: (figures: FlowFigures) => number): void =>
      registry.read(`${PREFIX}${name}`, help, FLOW, () =>
        [...this.#live.values()].map(({ level, schema, figures }): Sample => [[level, schema], of(figures)]),
      );
    read(
      'current_inqueue_requests',
      '[BETA] Number of requests currently pending in queues of the API Priority and Fairness subsystem',
      ({ waiting }) => waiting,
    );
    read(
      'current_inqueue_seats',
      '[ALPHA] Number of seats currently pending in queues of the API Priority and Fairness subsystem',
      ({ waitingSeats }) => waitingSeats,
    );
    read(
      'current_executing_requests',
      '[BETA] Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage in the API Priority and Fairness subsystem',
      ({ executing }) => executing,
    );
    read(
      'current_executing_seats',
      '[BETA] Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage otherwise) requests in the API Priority and Fairness subsystem',
      ({ executingSeats }) => executingSeats,
    );
  }
}
