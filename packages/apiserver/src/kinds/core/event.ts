/**
 * Events, of the core group and of events.k8s.io (upstream: pkg/registry/core/event/strategy.go and
 * pkg/apis/core/validation/events.go). Both are stored as core/v1.
 */
import { type Event, isDNS1123Subdomain, isQualifiedName } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { Path } from '../validation/path.ts';

const LIMIT = 128;
const MESSAGE_LIMIT = 1024;
const MISMATCH = 'does not match event.namespace';
const REFERENCE = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const;

export const eventStrategy: Strategy<Event> = {
  allowCreateOnUpdate: true,
  validate: (event) => validateEvent(event).errors,
  validateUpdate: (event) => validateEvent(event).errors,
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
