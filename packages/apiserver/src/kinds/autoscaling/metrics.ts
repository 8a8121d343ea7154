/**
 * What autoscalers go by (upstream: validateMetricSpec and its leaves of pkg/apis/autoscaling/validation/validation.go).
 */
import {
  isValidPathSegmentName,
  type MetricIdentifier,
  type MetricSpec,
  type MetricTarget,
  Quantity,
} from '@regatta/api';
import { checkContainerResourceName } from '../core/pod-spec/resources.ts';
import type { ErrorList } from '../validation/error-list.ts';
import type { Path } from '../validation/path.ts';
import { checkDnsLabel } from '../validation/rules.ts';
import { type ApiVersionRule, checkReference } from './object-reference.ts';

const TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const TARGETS = ['Utilization', 'Value', 'AverageValue'];
/** In the order in which they are looked at: only the first is. */
const SOURCES = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;
const ONE_TARGET = 'may not set both a target raw value and a target utilization';

export function checkMetric(errors: ErrorList, path: Path, metric: MetricSpec, rule: ApiVersionRule): void {
  const at = path.child('type');
  if (!metric.type) errors.required(at, 'must specify a metric source type');
  const known = TYPES.includes(metric.type);
  if (!known) errors.notSupported(at, metric.type, TYPES);
  const given = SOURCES.filter((name) => metric[name] !== undefined);
  if (given[0]) checkSource(errors, path.child(given[0]), metric, given[0], rule);
  const expected = known ? `${metric.type.charAt(0).toLowerCase()}${metric.type.slice(1)}` : undefined;
  // Told a second time, as upstream does.
  if (expected === undefined) errors.notSupported(at, metric.type, TYPES);
  else if (!given.some((name) => name === expected)) {
    errors.required(path.child(expected), 'must populate information for the given metric source');
  }
  if (given.length === 1) return;
  for (const name of given) {
    if (name !== expected) errors.forbidden(path.child(name), 'must populate the given metric source only');
  }
}

type SourceCheck = (errors: ErrorList, path: Path, metric: MetricSpec, rule: ApiVersionRule) => void;

const CHECKS: Readonly<Record<(typeof SOURCES)[number], SourceCheck>> = {
  object(errors, path, { object }, rule) {
    if (!object) return;
    checkReference(errors, path.child('describedObject'), object.describedObject, rule);
    checkIdentifier(errors, path.child('metric'), object.metric);
    checkTarget(errors, path.child('target'), object.target);
    if (object.target.value === undefined && object.target.averageValue === undefined) {
      const why = 'must set either a target value or averageValue';
      errors.required(path.child('target').child('averageValue'), why);
    }
  },
  external(errors, path, { external }) {
    if (!external) return;
    const { value, averageValue } = external.target;
    const at = path.child('target');
    checkIdentifier(errors, path.child('metric'), external.metric);
    checkTarget(errors, at, external.target);
    if (value === undefined && averageValue === undefined) {
      errors.required(at.child('averageValue'), 'must set either a target value for metric or a per-pod target');
    }
    if (value !== undefined && averageValue !== undefined) {
      errors.forbidden(at.child('value'), 'may not set both a target value for metric and a per-pod target');
    }
  },
  pods(errors, path, { pods }) {
    if (!pods) return;
    checkIdentifier(errors, path.child('metric'), pods.metric);
    checkTarget(errors, path.child('target'), pods.target);
    if (pods.target.averageValue === undefined) {
      errors.required(path.child('target').child('averageValue'), 'must specify a positive target averageValue');
    }
  },
  resource(errors, path, { resource }) {
    if (!resource) return;
    if (!resource.name) errors.required(path.child('name'), 'must specify a resource name');
    checkResourceTarget(errors, path.child('target'), resource.target);
  },
  containerResource(errors, path, { containerResource }) {
    if (!containerResource) return;
    const { name, container, target } = containerResource;
    if (!name) errors.required(path.child('name'), 'must specify a resource name');
    else checkContainerResourceName(errors, path.child('name'), name);
    if (!container) errors.required(path.child('container'), 'must specify a container');
    else checkDnsLabel(errors, path.child('container'), container);
    checkResourceTarget(errors, path.child('target'), target);
  },
};

function checkSource(
  errors: ErrorList,
  path: Path,
  metric: MetricSpec,
  name: (typeof SOURCES)[number],
  rule: ApiVersionRule,
): void {
  CHECKS[name](errors, path, metric, rule);
}

function checkIdentifier(errors: ErrorList, path: Path, { name }: MetricIdentifier): void {
  if (!name) errors.required(path.child('name'), 'must specify a metric name');
  else errors.invalidEach(path.child('name'), name, isValidPathSegmentName(name));
}

function checkResourceTarget(errors: ErrorList, path: Path, target: MetricTarget): void {
  checkTarget(errors, path, target);
  const { averageUtilization, averageValue } = target;
  if (averageUtilization === undefined && averageValue === undefined) {
    const why = 'must set either a target raw value or a target utilization';
    errors.required(path.child('averageUtilization'), why);
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    errors.forbidden(path.child('averageValue'), ONE_TARGET);
  }
}

function checkTarget(
  errors: ErrorList,
  path: Path,
  { type, value, averageValue, averageUtilization }: MetricTarget,
): void {
  if (!type) errors.required(path.child('type'), 'must specify a metric target type');
  if (!TARGETS.includes(type)) {
    errors.invalid(path.child('type'), type, 'must be either Utilization, Value, or AverageValue');
  }
  for (const [name, amount] of Object.entries({ value, averageValue })) {
    if (amount !== undefined && Quantity.parse(amount).sign <= 0) {
      errors.invalid(path.child(name), amount, 'must be positive');
    }
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    errors.invalid(path.child('averageUtilization'), averageUtilization, 'must be greater than 0');
  }
}
