import { describe, expect, it } from 'vitest';
import { FakeClock, MAX_SERIES, MetricsRegistry, processMetrics } from '../../src/mod.ts';

describe('OBS-1: the text format', () => {
  it('tells families by name, series by labels in order, and nothing of what has no series', () => {
    const metrics = new MetricsRegistry();
    const total = metrics.counter('z_total', '[ALPHA] Line\nbreak.', ['verb', 'code']);
    metrics.counter('unused_total', 'Nothing.', ['a']);
    total.with('GET', '200').inc();
    total.with('GET', '200').inc(2);
    total.with('a"b\\c\nd', '404').inc();
    metrics.gauge('a_bytes', 'Bytes.', () => 25_681_920);
    const seconds = metrics.histogram('m_seconds', 'Seconds.', ['x'], [0.005, 1, 1e6]);
    for (const value of [0.001, 0.5, 1, 2e6]) seconds.with('y').observe(value);
    expect(metrics.render()).toBe(`# HELP a_bytes Bytes.
# TYPE a_bytes gauge
a_bytes 2.568192e+07
# HELP m_seconds Seconds.
# TYPE m_seconds histogram
m_seconds_bucket{x="y",le="0.005"} 1
m_seconds_bucket{x="y",le="1"} 3
m_seconds_bucket{x="y",le="1e+06"} 3
m_seconds_bucket{x="y",le="+Inf"} 4
m_seconds_sum{x="y"} 2.000001501e+06
m_seconds_count{x="y"} 4
# HELP z_total [ALPHA] Line\\nbreak.
# TYPE z_total counter
z_total{code="200",verb="GET"} 3
z_total{code="404",verb="a\\"b\\\\c\\nd"} 1
`);
  });

  it('names counters as OpenMetrics does, and says where the page ends', () => {
    const metrics = new MetricsRegistry();
    metrics.counter('z_total', 'Z.').with().inc();
    metrics.gauge('attempts', 'A.', () => 0.00001, 'counter');
    expect(metrics.render('openmetrics')).toBe(`# HELP attempts A.
# TYPE attempts counter
attempts_total 1e-05
# HELP z Z.
# TYPE z counter
z_total 1
# EOF
`);
  });

  it('counts what is too much for a family where nobody sees it', () => {
    const metrics = new MetricsRegistry();
    const total = metrics.counter('z_total', 'Z.', ['path']);
    for (let i = 0; i < MAX_SERIES + 10; i++) total.with(`/${i}`).inc();
    expect(
      metrics
        .render()
        .split('\n')
        .filter((line) => line.startsWith('z_total')),
    ).toHaveLength(MAX_SERIES);
    expect(() => metrics.counter('z_total', 'Z.')).toThrow('registered twice');
  });

  it('tells of the process', () => {
    const metrics = new MetricsRegistry();
    processMetrics(metrics, new FakeClock());
    const page = metrics.render();
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_heap_size_used_bytes']) {
      expect(page).toMatch(new RegExp(`^${name} [0-9.e+]+$`, 'm'));
    }
    expect(page).toContain(`nodejs_version_info{major="${process.versions.node.split('.')[0]}"`);
  });
});
