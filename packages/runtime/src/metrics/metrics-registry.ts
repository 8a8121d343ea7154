/**
 * Figures of a process in Prometheus' text format or OpenMetrics, with the names, labels and help that upstream's processes
 * give theirs (upstream: staging/src/k8s.io/component-base/metrics; prometheus/common expfmt).
 *
 * Owns the families and their series. Invariants: families come in the order of their names and a family without series is
 * left out, as Prometheus' client does it; the number of series of a family is bounded: what comes beyond is counted in one
 * series that nobody sees.
 */
import { Counter, Histogram } from './series.ts';

/** Of one family. Labels come from what is served, not from what strangers write, but nobody should have to trust that. */
export const MAX_SERIES = 5000;

export type MetricType = 'counter' | 'gauge' | 'histogram';
/** Label values in the order of the family's labels, and the value. */
export type Sample = readonly [labels: readonly string[], value: number];

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  write(lines: string[], counterName: string): void;
}

/** Series of one name, told apart by the values of their labels. */
export class SeriesOf<T extends Counter | Histogram> {
  readonly #series = new Map<string, T>();
  readonly #overflow: T;
  readonly #make: () => T;

  constructor(
    readonly labels: readonly string[],
    make: () => T,
  ) {
    this.#make = make;
    this.#overflow = make();
  }

  /** The series with these values, made when it is asked for first. */
  with(...values: readonly string[]): T {
    const key = labelText(this.labels, values);
    let series = this.#series.get(key);
    if (!series) {
      if (this.#series.size >= MAX_SERIES) return this.#overflow;
      series = this.#make();
      this.#series.set(key, series);
    }
    return series;
  }

  entries(): IterableIterator<[string, T]> {
    return this.#series.entries();
  }
}

export class MetricsRegistry {
  readonly #families = new Map<string, Family>();

  counter(name: string, help: string, labels: readonly string[] = []): SeriesOf<Counter> {
    const series = new SeriesOf(labels, () => new Counter());
    this.#add({
      name,
      help,
      type: 'counter',
      write: (lines, as) => {
        for (const [key, { value }] of series.entries()) lines.push(`${as}${braces(key)} ${number(value)}`);
      },
    });
    return series;
  }

  histogram(name: string, help: string, labels: readonly string[], bounds: readonly number[]): SeriesOf<Histogram> {
    const series = new SeriesOf(labels, () => new Histogram(bounds));
    this.#add({
      name,
      help,
      type: 'histogram',
      write: (lines) => {
        for (const [key, histogram] of series.entries()) writeHistogram(lines, name, key, histogram);
      },
    });
    return series;
  }

  /** A family whose samples are read when the page is. */
  read(
    name: string,
    help: string,
    labels: readonly string[],
    samples: () => Iterable<Sample>,
    type: 'counter' | 'gauge' = 'gauge',
  ): void {
    this.#add({
      name,
      help,
      type,
      write: (lines, as) => {
        for (const [values, value] of samples()) {
          lines.push(`${as}${braces(labelText(labels, values))} ${number(value)}`);
        }
      },
    });
  }

  /** One number without labels, read when the page is. */
  gauge(name: string, help: string, value: () => number, type: 'counter' | 'gauge' = 'gauge'): void {
    this.read(name, help, [], () => [[[], value()]], type);
  }

  /** The page. OpenMetrics names a counter without its _total and ends with a mark. */
  render(format: 'text' | 'openmetrics' = 'text'): string {
    const page: string[] = [];
    for (const family of [...this.#families.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const lines: string[] = [];
      const counterOf = format === 'openmetrics' && family.type === 'counter';
      family.write(lines, counterOf && !family.name.endsWith('_total') ? `${family.name}_total` : family.name);
      if (lines.length === 0) continue;
      const name = counterOf ? family.name.replace(/_total$/, '') : family.name;
      page.push(`# HELP ${name} ${escapeHelp(family.help)}`, `# TYPE ${name} ${family.type}`, ...lines);
    }
    if (format === 'openmetrics') page.push('# EOF');
    return `${page.join('\n')}\n`;
  }

  #add(family: Family): void {
    if (this.#families.has(family.name)) throw new Error(`metric ${family.name} is registered twice`);
    this.#families.set(family.name, family);
  }
}

function writeHistogram(lines: string[], name: string, key: string, { bounds, counts, count, sum }: Histogram): void {
  const labels = key === '' ? '' : `${key},`;
  let cumulative = 0;
  for (const [i, bound] of bounds.entries()) {
    cumulative += counts[i] ?? 0;
    lines.push(`${name}_bucket{${labels}le="${number(bound)}"} ${cumulative}`);
  }
  lines.push(`${name}_bucket{${labels}le="+Inf"} ${count}`);
  lines.push(`${name}_sum${braces(key)} ${number(sum)}`, `${name}_count${braces(key)} ${count}`);
}

/** In the order of their names, as Prometheus' client writes them. */
function labelText(labels: readonly string[], values: readonly string[]): string {
  if (labels.length === 0) return '';
  return labels
    .map((label, i) => [label, values[i] ?? ''] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}="${escapeLabel(value)}"`)
    .join(',');
}

function braces(key: string): string {
  return key === '' ? '' : `{${key}}`;
}

function escapeLabel(value: string): string {
  return /["\\\n]/.test(value) ? value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"') : value;
}

function escapeHelp(help: string): string {
  return help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
}

/** As Go formats floats ('g', shortest): from a million on, and below 0.0001, with an exponent of two digits at least. */
function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  if (Number.isNaN(value)) return 'NaN';
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e6)) return String(value);
  const [mantissa, exponent = '0'] = value.toExponential().split('e');
  const digits = exponent.replace(/^[+-]/, '').padStart(2, '0');
  return `${mantissa}e${exponent.startsWith('-') ? '-' : '+'}${digits}`;
}
