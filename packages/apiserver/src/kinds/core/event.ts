/**
 * Events, of the core group and of events.k8s.io (upstream: pkg/registry/core/event/strategy.go and
 * pkg/apis/core/validation/events.go). Both are stored as core/v1.
 */
import { type Event, isDNS1123Subdomain, isQualifiedName, jsonEqual } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { METADATA, Path } from '../validation/path.ts';
import { checkDnsSubdomain, IMMUTABLE } from '../validation/rules.ts';

const LIMIT = 128;
const MESSAGE_LIMIT = 1024;
const MISMATCH = 'does not match event.namespace';
const REFERENCE = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const;

/** The version whose requests are held to more rules. */
const STRICT_VERSION = 'events.k8s.io/v1';
/** Of what has happened only the series goes on. */
const FIXED = [
  ...(['involvedObject', 'reason', 'message', 'source', 'firstTimestamp', 'lastTimestamp', 'count', 'reason'] as const),
  ...(['type', 'eventTime', 'action', 'related', 'reportingComponent', 'reportingInstance'] as const),
];
/** What events.k8s.io has taken over into other fields, as the core group names it. */
const OLD_FIELDS = ['firstTimestamp', 'lastTimestamp', 'count'] as const;

export const eventStrategy: Strategy<Event> = {
  allowCreateOnUpdate: true,
  // Of the core group's events only the namespace is checked; validation tells names of events.k8s.io.
  nameRule: 'path-segment',
  validate(event, { apiVersion }) {
    const errors = validateEvent(event);
    if (apiVersion === STRICT_VERSION) checkNewEvent(errors, event);
    return errors.errors;
  },
  validateUpdate(event, old, { apiVersion }) {
    const errors = validateEvent(event);
    if (apiVersion !== STRICT_VERSION) return errors.errors;
    if (!jsonEqual(event.series, old.series)) checkSeries(errors, event);
    for (const field of FIXED) {
      const path = Path.root(field === 'reportingComponent' ? 'reportingController' : field);
      if (!jsonEqual(event[field], old[field])) errors.invalid(path, event[field] ?? null, IMMUTABLE);
    }
    return errors.errors;
  },
  fieldLabels: [
    ...REFERENCE.map((field) => `involvedObject.${field}`),
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  selectableFields(event) {
    const fields = REFERENCE.map((field) => [`involvedObject.${field}`, event.involvedObject[field] ?? '']);
    return {
      ...(Object.fromEntries(fields) as Record<string, string>),
      reason: event.reason ?? '',
      reportingComponent: event.reportingComponent ?? '',
      source: event.source?.component || (event.reportingComponent ?? ''),
      type: event.type ?? '',
    };
  },
};

function validateEvent(event: Event): ErrorList {
  const errors = new ErrorList();
  const namespace = event.metadata.namespace ?? '';
  const about = event.involvedObject.namespace ?? '';
  const at = Path.root('involvedObject').child('namespace');
  if (!event.eventTime) {
    const matches = about === '' ? namespace === '' || namespace === 'default' : about === namespace;
    if (!matches) errors.invalid(at, about, MISMATCH);
  } else {
    if (about === '' && namespace !== 'default' && namespace !== 'kube-system') errors.invalid(at, about, MISMATCH);
    checkNewFields(errors, event);
  }
  errors.invalidEach(Path.root('namespace'), namespace, isDNS1123Subdomain(namespace));
  return errors;
}

function checkNewEvent(errors: ErrorList, event: Event): void {
  if (event.metadata.name) checkDnsSubdomain(errors, METADATA.child('name'), event.metadata.name);
  checkSeries(errors, event);
  if (!event.eventTime) errors.required(Path.root('eventTime'));
  const { type = '', source } = event;
  if (type !== 'Normal' && type !== 'Warning') errors.invalid(Path.root('type'), '', `has invalid value: ${type}`);
  for (const field of OLD_FIELDS) if (event[field]) errors.invalid(Path.root(field), '', 'needs to be unset');
  if (source?.component || source?.host) errors.invalid(Path.root('source'), '', 'needs to be unset');
}

function checkSeries(errors: ErrorList, { series }: Event): void {
  if (!series) return;
  if ((series.count ?? 0) < 2) errors.invalid(Path.root('series.count'), '', 'should be at least 2');
  if (!series.lastObservedTime) errors.required(Path.root('series.lastObservedTime'));
}

/** What events have that tell their time exactly. */
function checkNewFields(errors: ErrorList, event: Event): void {
  const component = event.reportingComponent ?? '';
  const componentAt = Path.root('reportingController');
  if (component === '') errors.required(componentAt);
  errors.invalidEach(componentAt, component, isQualifiedName(component));
  const bounded = [
    ['reportingInstance', event.reportingInstance],
    ['action', event.action],
    ['reason', event.reason],
  ] as const;
  for (const [name, value] of bounded) {
    if (!value) errors.required(Path.root(name));
    else if (value.length > LIMIT) errors.invalid(Path.root(name), '', `can have at most ${LIMIT} characters`);
  }
  if ((event.message?.length ?? 0) > MESSAGE_LIMIT) {
    errors.invalid(Path.root('message'), '', `can have at most ${MESSAGE_LIMIT} characters`);
  }
}
