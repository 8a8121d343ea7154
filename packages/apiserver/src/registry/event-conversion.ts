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

export const eventsConversion: Conversion = {
  toHub: (object) => rename(object, TO_CORE, 'v1'),
  fromHub: (object) => rename(object, FROM_CORE, 'events.k8s.io/v1'),
};

function rename(object: KubeObject, names: ReadonlyMap<string, string>, apiVersion: string): KubeObject {
  const { metadata } = object;
  const renamed = Object.entries(object).map(([key, value]) => [names.get(key) ?? key, value]);
  return { ...Object.fromEntries(renamed), metadata, apiVersion };
}
