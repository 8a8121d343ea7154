/**
 * autoscaling/v1 knows one metric, CPU; autoscaling/v2 has a list. What v1 cannot say travels in annotations, so that
 * nothing is lost on the way (upstream: pkg/apis/autoscaling/v1/conversion.go).
 */
import type { KubeObject } from '@regatta/api';
import type { Conversion } from './conversion.ts';

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics';

type Fields = Record<string, unknown>;

export const hpaConversion: Conversion = {
  applyDefaults: (object) => {
    const spec = fields(object, 'spec');
    spec['minReplicas'] ??= 1;
  },
  toHub: (object) => {
    const { targetCPUUtilizationPercentage: target, ...spec } = fields(object, 'spec');
    const { currentCPUUtilizationPercentage: current, ...status } = fields(object, 'status');
    const annotations = { ...object.metadata.annotations };
    const metrics = [...(target === undefined ? [] : [cpuTarget(target)]), ...take(annotations, METRICS)];
    const currentMetrics = [
      ...(current === undefined ? [] : [cpuCurrent(current)]),
      ...take(annotations, CURRENT_METRICS),
    ];
    const [behavior] = take(annotations, BEHAVIOR);
    const conditions = take(annotations, CONDITIONS);
    return put(object, 'autoscaling/v2', annotations, {
      spec: { ...spec, ...optional('metrics', metrics), ...(behavior === undefined ? {} : { behavior }) },
      status: { ...status, ...optional('currentMetrics', currentMetrics), ...optional('conditions', conditions) },
    });
  },
  fromHub: (object) => {
    const { metrics, behavior, ...spec } = fields(object, 'spec');
    const { currentMetrics, conditions, ...status } = fields(object, 'status');
    const annotations = { ...object.metadata.annotations };
    const [target, others] = splitCpu(metrics, 'target');
    const [current, otherCurrent] = splitCpu(currentMetrics, 'current');
    keep(annotations, METRICS, others);
    keep(annotations, CURRENT_METRICS, otherCurrent);
    keep(annotations, CONDITIONS, list(conditions));
    keep(annotations, BEHAVIOR, behavior === undefined ? [] : [behavior]);
    return put(object, 'autoscaling/v1', annotations, {
      spec: { ...spec, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
      // v1 always tells it, v2 only what isn't 0.
      status: {
        currentReplicas: 0,
        ...status,
        ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }),
      },
    });
  },
};

function fields(object: object, key: string): Fields {
  const value: unknown = Object.entries(object).find(([name]) => name === key)?.[1];
  return isFields(value) ? value : {};
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function cpuTarget(averageUtilization: unknown): Fields {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
}

function cpuCurrent(averageUtilization: unknown): Fields {
  return { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization } } };
}

/** The first CPU utilisation in a list of metrics, and the rest of the list. */
function splitCpu(metrics: unknown, part: 'target' | 'current'): [unknown, unknown[]] {
  const all = list(metrics);
  const utilization = (metric: unknown): unknown => {
    if (!isFields(metric) || metric.type !== 'Resource') return undefined;
    const resource = fields(metric, 'resource');
    return resource.name === 'cpu' ? fields(resource, part).averageUtilization : undefined;
  };
  const at = all.findIndex((metric) => utilization(metric) !== undefined);
  return at < 0 ? [undefined, all] : [utilization(all[at]), all.filter((_, i) => i !== at)];
}

function take(annotations: Record<string, string>, name: string): unknown[] {
  const text = annotations[name];
  delete annotations[name];
  if (text === undefined) return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [value];
  } catch {
    // Somebody else's text under our annotation's name: upstream drops it as well.
    return [];
  }
}

function keep(annotations: Record<string, string>, name: string, values: unknown[]): void {
  if (values.length > 0) annotations[name] = JSON.stringify(name === BEHAVIOR ? values[0] : values);
}

function optional(name: string, values: unknown[]): Fields {
  return values.length > 0 ? { [name]: values } : {};
}

function put(object: KubeObject, apiVersion: string, annotations: Record<string, string>, parts: Fields): KubeObject {
  const { annotations: _old, ...metadata } = object.metadata;
  const withAnnotations = Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata;
  return { ...object, apiVersion, metadata: withAnnotations, ...parts };
}
