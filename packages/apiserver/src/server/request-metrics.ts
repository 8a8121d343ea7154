/**
 * Figures about requests, in Prometheus' text format under upstream's names
 * (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/metrics/metrics.go).
 *
 * Invariant: the number of series is bounded: labels come from served resources and known verbs; what names no resource
 * is counted by verb and code alone.
 */
import type { RequestInfo } from './request-info.ts';

const DURATION_BUCKETS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
const MAX_SERIES = 5000;

interface Series {
  readonly labels: string;
  readonly totals: Map<number, number>;
  readonly buckets: Float64Array;
  count: number;
  sum: number;
}

export class RequestMetrics {
  readonly #series = new Map<string, Series>();
  readonly #gauges = new Map<
    string,
    { readonly help: string; readonly type: 'gauge' | 'counter'; readonly read: () => string }
  >();

  /** @param milliseconds how long the answer took to begin */
  observe(method: string, info: RequestInfo | undefined, code: number, milliseconds: number): void {
    // Strangers choose paths: a resource that is not served must not make a series.
    const known = info?.isResource === true && code !== 404 && code !== 405;
    const verb = metricVerb(method, info);
    const key = known ? `${info.group}|${info.version}|${info.resource}|${info.subresource}|${verb}` : `|${verb}`;
    let series = this.#series.get(key);
    if (!series) {
      if (this.#series.size >= MAX_SERIES) return;
      series = newSeries(known ? info : undefined, verb);
      this.#series.set(key, series);
    }
    const seconds = milliseconds / 1000;
    series.totals.set(code, (series.totals.get(code) ?? 0) + 1);
    series.count++;
    series.sum += seconds;
    const bucket = DURATION_BUCKETS.findIndex((limit) => seconds <= limit);
    if (bucket >= 0) series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
  }

  /** Adds a metric whose lines are made when it is read. */
  gauge(name: string, help: string, read: () => string, type: 'gauge' | 'counter' = 'gauge'): void {
    this.#gauges.set(name, { help, type, read });
  }

  /** The page. */
  render(): string {
    const lines: string[] = [];
    lines.push('# HELP apiserver_request_total [STABLE] Counter of apiserver requests broken out for each verb.');
    lines.push('# TYPE apiserver_request_total counter');
    for (const series of this.#series.values()) {
      for (const [code, total] of series.totals) {
        lines.push(`apiserver_request_total{code="${code}",dry_run="",${series.labels}} ${total}`);
      }
    }
    lines.push('# HELP apiserver_request_duration_seconds [STABLE] Response latency distribution in seconds.');
    lines.push('# TYPE apiserver_request_duration_seconds histogram');
    for (const series of this.#series.values()) renderHistogram(series, lines);
    for (const [name, { help, type, read }] of this.#gauges) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, read());
    }
    return `${lines.join('\n')}\n`;
  }
}

function metricVerb(method: string, info: RequestInfo | undefined): string {
  if (!info?.isResource) return method;
  switch (info.verb) {
    case 'list':
      return 'LIST';
    case 'watch':
      return 'WATCH';
    case 'deletecollection':
      return 'DELETECOLLECTION';
    default:
      return method;
  }
}

function newSeries(info: RequestInfo | undefined, verb: string): Series {
  const { group = '', version = '', resource = '', subresource = '' } = info ?? {};
  const scope = info === undefined ? '' : info.name ? 'resource' : info.namespace ? 'namespace' : 'cluster';
  return {
    labels: `group="${group}",resource="${resource}",scope="${scope}",subresource="${subresource}",verb="${verb}",version="${version}"`,
    totals: new Map(),
    buckets: new Float64Array(DURATION_BUCKETS.length),
    count: 0,
    sum: 0,
  };
}

function renderHistogram(series: Series, lines: string[]): void {
  const name = 'apiserver_request_duration_seconds';
  let cumulative = 0;
  for (const [i, limit] of DURATION_BUCKETS.entries()) {
    cumulative += series.buckets[i] ?? 0;
    lines.push(`${name}_bucket{${series.labels},le="${limit}"} ${cumulative}`);
  }
  lines.push(`${name}_bucket{${series.labels},le="+Inf"} ${series.count}`);
  lines.push(`${name}_sum{${series.labels}} ${series.sum}`, `${name}_count{${series.labels}} ${series.count}`);
}
