export { Backoff, type BackoffOptions } from './backoff.ts';
export { BoundedQueue } from './bounded-queue.ts';
export { type Clock, SystemClock, sleep, type Timer, yieldToEventLoop } from './clock.ts';
export {
  ClusterClock,
  constantTimeline,
  MAX_SEGMENTS,
  MAX_SPEED,
  parseTimeline,
  type Timeline,
  type TimelineSegment,
  withSpeed,
} from './cluster-clock.ts';
export { type Deferred, deferred } from './deferred.ts';
export { formatDuration, parseDuration } from './duration.ts';
export { FakeClock } from './fake-clock.ts';
export {
  type ComponentCheck,
  ComponentHealth,
  HEALTH_LIMITS,
  type HealthAddress,
  type HealthServer,
  parseHealthAddress,
  serveHealth,
} from './health-server.ts';
export {
  createLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  silentLogger,
} from './logger.ts';
export { MAX_SERIES, MetricsRegistry, type MetricType, type Sample, SeriesOf } from './metrics/metrics-registry.ts';
export { processMetrics } from './metrics/process-metrics.ts';
export { Counter, Histogram } from './metrics/series.ts';
export { clipped, inColumns, printable, textWidth } from './printable-text.ts';
export { endWithSupervisor, reportProgress, shutdownSignal } from './process.ts';
export { type Random, randomSuffix, seededRandom, systemRandom } from './random.ts';
