/**
 * Figures about requests, under upstream's names (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/metrics/metrics.go).
 *
 * Invariant: the number of series is bounded: labels come from served resources and known verbs; what names no resource
 * is counted by verb and code alone.
 */
import { type Counter, type Histogram, MetricsRegistry, type SeriesOf } from '@regatta/runtime';
import { queryFlag, type RequestInfo } from './request-info.ts';

const DURATION_BUCKETS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
const SLI_BUCKETS = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
/** Ten powers of ten from a thousand bytes on. */
const SIZE_BUCKETS = Array.from({ length: 7 }, (_, i) => 1000 * 10 ** i);
const LABELS = ['verb', 'group', 'version', 'resource', 'subresource', 'scope'];

/** What is counted of requests that are alike; kept, so that counting looks nothing up. */
interface Alike {
  readonly verb: string;
  readonly labels: readonly string[];
  readonly durations: Histogram;
  readonly sli: Histogram;
  readonly sizes: Histogram | undefined;
  /** By code, and by dry run. */
  readonly totals: Map<string, Counter>;
}

/** One request that takes as long as its caller likes. */
export interface LongRunningRequest {
  ended(): void;
}

export class RequestMetrics {
  readonly #alike = new Map<string, Alike>();
  readonly #totals: SeriesOf<Counter>;
  readonly #durations: SeriesOf<Histogram>;
  readonly #sli: SeriesOf<Histogram>;
  readonly #sizes: SeriesOf<Histogram>;
  readonly #longRunning = new Map<string, { readonly labels: readonly string[]; count: number }>();

  constructor(readonly registry: MetricsRegistry = new MetricsRegistry()) {
    this.#totals = registry.counter(
      'apiserver_request_total',
      '[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
      ['verb', 'dry_run', 'group', 'version', 'resource', 'subresource', 'scope', 'component', 'code'],
    );
    const by = 'for each verb, group, version, resource, subresource, scope and component';
    this.#durations = registry.histogram(
      'apiserver_request_duration_seconds',
      '[STABLE] Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.',
      ['verb', 'dry_run', 'group', 'version', 'resource', 'subresource', 'scope', 'component'],
      DURATION_BUCKETS,
    );
    this.#sli = registry.histogram(
      'apiserver_request_sli_duration_seconds',
      `[ALPHA] Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds ${by}.`,
      [...LABELS, 'component'],
      SLI_BUCKETS,
    );
    this.#sizes = registry.histogram(
      'apiserver_response_sizes',
      '[STABLE] Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.',
      [...LABELS, 'component'],
      SIZE_BUCKETS,
    );
    registry.read(
      'apiserver_longrunning_requests',
      '[STABLE] Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.',
      [...LABELS, 'component'],
      () => [...this.#longRunning.values()].map(({ labels, count }) => [labels, count]),
    );
  }

  /**
   * @param milliseconds how long the answer took to begin
   * @param size of its body; undefined for a stream
   */
  observe(
    method: string,
    info: RequestInfo | undefined,
    code: number,
    milliseconds: number,
    size?: number,
    waited = 0,
  ): void {
    // Strangers choose paths: a resource that is not served must not make a series.
    const known = info?.isResource === true && code !== 404 && code !== 405 ? info : undefined;
    const dryRun = known && method !== 'GET' && known.query.getAll('dryRun').includes('All') ? 'All' : '';
    const alike = this.#of(method, known);
    this.#total(alike, dryRun, code).inc();
    if (dryRun === '') alike.durations.observe(milliseconds / 1000);
    else this.#durations.with(...dryRunLabels(alike.labels, dryRun)).observe(milliseconds / 1000);
    if (alike.verb !== 'WATCH' && alike.verb !== 'CONNECT') alike.sli.observe((milliseconds - waited) / 1000);
    if (size !== undefined) alike.sizes?.observe(size);
  }

  /** A request that lasts. */
  longRunning(method: string, info: RequestInfo): LongRunningRequest {
    const { verb, labels } = this.#of(method, info.isResource ? info : undefined);
    const key = `${verb}|${labels.join('|')}`;
    const gauge = this.#longRunning.get(key) ?? { labels, count: 0 };
    this.#longRunning.set(key, gauge);
    gauge.count++;
    return { ended: () => void gauge.count-- };
  }

  #of(method: string, info: RequestInfo | undefined): Alike {
    const verb = metricVerb(method, info);
    const key = info
      ? `${info.group}|${info.version}|${info.resource}|${info.subresource}|${verb}|${scopeOf(info)}`
      : `|${verb}`;
    let alike = this.#alike.get(key);
    if (!alike) {
      const { group = '', version = '', resource = '', subresource = '' } = info ?? {};
      const labels = [verb, group, version, resource, subresource, info ? scopeOf(info) : '', 'apiserver'];
      alike = {
        verb,
        labels,
        durations: this.#durations.with(...dryRunLabels(labels, '')),
        sli: this.#sli.with(...labels),
        // As upstream: of reads.
        sizes: verb === 'GET' || verb === 'LIST' ? this.#sizes.with(...labels) : undefined,
        totals: new Map(),
      };
      this.#alike.set(key, alike);
    }
    return alike;
  }

  #total({ labels, totals }: Alike, dryRun: string, code: number): Counter {
    const key = dryRun === '' ? String(code) : `${code}${dryRun}`;
    let total = totals.get(key);
    if (!total) {
      total = this.#totals.with(...dryRunLabels(labels, dryRun), String(code));
      totals.set(key, total);
    }
    return total;
  }
}

function dryRunLabels([verb = '', ...labels]: readonly string[], dryRun: string): string[] {
  return [verb, dryRun, ...labels];
}

/** As upstream's CleanVerb and canonicalVerb say it. */
function metricVerb(method: string, info: RequestInfo | undefined): string {
  if (!info) return KNOWN_METHODS.has(method) ? method : 'other';
  if (CONNECTS.has(info.subresource) || info.subresource === 'proxy') return 'CONNECT';
  switch (info.verb) {
    case 'list':
      return 'LIST';
    case 'watch':
      return queryFlag(info.query, 'watch') || info.path.includes('/watch/') ? 'WATCH' : 'LIST';
    case 'deletecollection':
      return 'DELETECOLLECTION';
    case 'patch':
      return 'PATCH';
    default:
      return method === 'HEAD' ? 'GET' : KNOWN_METHODS.has(method) ? method : 'other';
  }
}

const CONNECTS = new Set(['exec', 'attach', 'portforward', 'log']);
const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** As upstream's CleanScope says it. */
function scopeOf({ name, verb, namespace }: RequestInfo): string {
  if (name !== '' || verb === 'create') return 'resource';
  return namespace !== '' ? 'namespace' : 'cluster';
}
