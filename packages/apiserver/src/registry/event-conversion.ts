/**
 * events.k8s.io/v1 Events are core/v1 Events under other field names (upstream: pkg/apis/events/v1/conversion.go).
 */
import type { KubeObject } from '@regatta/api';
import type { Conversion } from './conversion.ts';

/** events.k8s.io name → core name. */
const NAMES: readonly (readonly [string, string])[] = [
  ['note', 'message'],
  ['regarding', 'involvedObject'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
  ['reportingController', 'reportingComponent'],
];
const TO_CORE = new Map(NAMES);
const FROM_CORE = new Map(NAMES.map(([theirs, core]) => [core, theirs]));

/** What field selectors of events.k8s.io may name, and the core group's names of it (upstream: AddFieldLabelConversionsForEvent). */
const REFERENCE_FIELDS = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];
const SELECTABLE: ReadonlyMap<string, string> = new Map([
  ...REFERENCE_FIELDS.map((field): [string, string] => [`regarding.${field}`, `involvedObject.${field}`]),
  ['reportingController', 'reportingComponent'],
  ['reason', 'reason'],
  ['source', 'source'],
  ['type', 'type'],
]);

export const eventsConversion: Conversion = {
  toHub: (object) => rename(object, TO_CORE, 'v1'),
  fromHub: (object) => rename(object, FROM_CORE, 'events.k8s.io/v1'),
  fieldNames: SELECTABLE,
};

function rename(object: KubeObject, names: ReadonlyMap<string, string>, apiVersion: string): KubeObject {
  const { metadata } = object;
  const renamed = Object.entries(object).map(([key, value]) => [names.get(key) ?? key, value]);
  return { ...Object.fromEntries(renamed), metadata, apiVersion };
}
