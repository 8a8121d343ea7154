/**
 * Dry-run creates and a real kube-apiserver's answers to them, and how an answer here is compared with one of them.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface RecordedAnswer {
  readonly id: string;
  /** What was done to a valid object: `delete spec.containers` … */
  readonly what: string;
  readonly path: string;
  readonly body: { readonly kind: string };
  readonly code: number;
  readonly warning: string | null;
  readonly answer: unknown;
}

export function recordedAnswers(): RecordedAnswer[] {
  const packed = readFileSync(new URL('../fixtures/answers.jsonl.gz', import.meta.url));
  const lines = gunzipSync(packed).toString('utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as RecordedAnswer);
}

/** What differs from run to run was taken out of the recording. */
const MASKED: ReadonlySet<string> = new Set([
  ...['uid', 'creationTimestamp', 'resourceVersion', 'managedFields', 'time'],
  ...['clusterIP', 'clusterIPs', 'nodePort', 'healthCheckNodePort'],
  ...['lastTransitionTime', 'lastPhaseTransitionTime', 'lastUpdateTime'],
]);
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

export function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value === 'string')
    return value.replace(UUID, 'UID').replace(/kube-api-access-\w{5}/g, 'kube-api-access-X');
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !MASKED.has(key));
  return Object.fromEntries(kept.map(([key, item]) => [key, masked(item)]));
}

/** One line for each place where they differ. */
export function differences(want: unknown, got: unknown, path = ''): string[] {
  if (Array.isArray(want) && Array.isArray(got)) {
    if (want.length !== got.length) return [`${path}: ${want.length} items, got ${got.length}`];
    return want.flatMap((item, i) => differences(item, got[i], `${path}[${i}]`));
  }
  if (isObject(want) && isObject(got)) {
    const keys = [...new Set([...Object.keys(want), ...Object.keys(got)])];
    return keys.flatMap((key) => differences(Reflect.get(want, key), Reflect.get(got, key), `${path}.${key}`));
  }
  return want === got ? [] : [`${path}: want ${JSON.stringify(want)} got ${JSON.stringify(got)}`];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
