/**
 * Figures of watches, under upstream's names (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/metrics/metrics.go).
 */
import type { Counter, Histogram, MetricsRegistry, SeriesOf } from '@regatta/runtime';

const SIZES = Array.from({ length: 8 }, (_, i) => 1024 * 2 ** i);
const LABELS = ['group', 'version', 'resource'];

export interface WatchFigures {
  readonly events: Counter;
  readonly sizes: Histogram;
}

export class WatchMetrics {
  readonly #events: SeriesOf<Counter>;
  readonly #sizes: SeriesOf<Histogram>;
  readonly #of = new Map<string, WatchFigures>();

  constructor(registry: MetricsRegistry) {
    this.#events = registry.counter(
      'apiserver_watch_events_total',
      '[ALPHA] Number of events sent in watch clients',
      LABELS,
    );
    this.#sizes = registry.histogram(
      'apiserver_watch_events_sizes',
      '[ALPHA] Watch event size distribution in bytes',
      LABELS,
      SIZES,
    );
  }

  of(group: string, version: string, resource: string): WatchFigures {
    const key = `${group}/${version}/${resource}`;
    let figures = this.#of.get(key);
    if (!figures) {
      figures = {
        events: this.#events.with(group, version, resource),
        sizes: this.#sizes.with(group, version, resource),
      };
      this.#of.set(key, figures);
    }
    return figures;
  }
}
