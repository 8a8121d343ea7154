/**
 * Recorded requests and a real kube-apiserver's answers, replayed. What differs on purpose is named below.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

interface Step {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
  readonly headers?: Record<string, string>;
  readonly save?: Record<string, string>;
  readonly stream?: boolean;
  readonly loose?: boolean;
  readonly mask?: string;
}

interface Recorded {
  readonly topic: string;
  readonly i: number;
  readonly step: Step;
  readonly want: {
    readonly code: number;
    readonly type: string;
    readonly warning: string | null;
    readonly answer: unknown;
  };
}

/** Not compared: the recording's root CA ConfigMap; its address. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  ...['list#7', 'list#15', 'list#25', 'endpoints#6'],
  // The deployment controller wrote to the recorded object in between.
  ...['patch#34', 'patch#35', 'patch#37'],
]);

const FIXTURE = new URL('../fixtures/transcripts.jsonl', import.meta.url);
const records = readFileSync(FIXTURE, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Recorded);

const MASKED = new Set([
  ...['uid', 'creationTimestamp', 'resourceVersion', 'time', 'deletionTimestamp', 'continue', 'storageVersionHash'],
  ...['remainingItemCount', 'retryAfterSeconds', 'lastTransitionTime', 'lastProbeTime', 'lastUpdateTime', 'startTime'],
]);

function fill(value: unknown, variables: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string')
    return value.replace(/\{\{(\w+)\}\}/g, (match, name: string) => variables.get(name) ?? match);
  if (Array.isArray(value)) return value.map((item) => fill(item, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, variables)]));
}

function maskText(text: string, namespace: string): string {
  const masked = text
    .replaceAll(namespace, '{{ns}}')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID')
    .replace(/\b(\d{3,})\b(?=\)|$)/g, (match) => (/resource ?version|too (old|large)/i.test(text) ? '<rv>' : match))
    .replace(/creationTimestamp\W+\d{4}-[\d-]+T[\d:]+Z\W*/g, 'creationTimestamp<t>')
    .replace(/time: "\d{4}-[\d-]+T[\d:]+Z"/g, 'time<t>')
    .replace(/resourceVersion(\W+)\d+/g, 'resourceVersion$1<rv>');
  return /^\d+[smhd]$/.test(text) ? '<age>' : masked;
}

function mask(value: unknown, namespace: string): unknown {
  if (typeof value === 'string') return maskText(value, namespace);
  if (Array.isArray(value)) return value.map((item) => mask(item, namespace));
  if (typeof value !== 'object' || value === null) return value;
  const skipsStatus = 'kind' in value && value.kind === 'Deployment';
  const entries = Object.entries(value).filter(
    ([key]) => key !== 'managedFields' && !(skipsStatus && key === 'status'),
  );
  return Object.fromEntries(
    entries.map(([key, item]) => [
      key.replaceAll(namespace, '{{ns}}'),
      MASKED.has(key) && item !== '' && item !== null ? `<${key}>` : mask(item, namespace),
    ]),
  );
}

function shape(value: unknown): unknown {
  if (Array.isArray(value)) return ['…'];
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, typeof Reflect.get(value, key)]),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function isPlainBookmark(event: unknown): boolean {
  if (typeof event !== 'object' || event === null || !('type' in event) || event.type !== 'BOOKMARK') return false;
  return !JSON.stringify(event).includes('annotations');
}

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
});
afterAll(() => running.stop());

describe('recorded answers of kube-apiserver', () => {
  for (const topic of new Set(records.map((record) => record.topic))) {
    it.concurrent(`SRV-1: topic ${topic} is answered as upstream answers it`, { timeout: 60_000 }, () => replay(topic));
  }
});

/** Steps follow each other, but watches, which only read, may go on beside what follows. */
async function replay(topic: string): Promise<void> {
  const namespace = `t-${topic}-x2b7q`;
  const variables = new Map([['ns', namespace]]);
  await prepareNamespace(running, namespace);
  const compared: Promise<unknown>[] = [];
  for (const record of records.filter((candidate) => candidate.topic === topic)) {
    const comparison = compare(record, variables, namespace);
    compared.push(comparison);
    if (!record.step.stream) await comparison;
  }
  const [first] = (await Promise.all(compared)).filter((error) => error !== undefined);
  if (first) throw first;
}

/** What differs, as vitest tells it; undefined when nothing does. */
async function compare(
  { topic, i, step, want }: Recorded,
  variables: Map<string, string>,
  namespace: string,
): Promise<unknown> {
  const asked = fill(step, variables) as Step;
  const answer = await running.request(asked.method, asked.path, asked);
  const lines = (): unknown[] => answer.text.split('\n').filter(Boolean).map(parse);
  const body = step.stream ? lines().filter((event) => !isPlainBookmark(event)) : parse(answer.text);
  for (const [name, path] of Object.entries(step.save ?? {})) variables.set(name, String(pick(body, path) ?? ''));
  if (ELSEWHERE.has(`${topic}#${i}`)) return undefined;
  const masked = mask(body, namespace);
  const got = {
    code: answer.code,
    type: String(answer.headers['content-type'] ?? '').replace(/;\s*charset=.*/, ''),
    warning: answer.headers.warning === undefined ? null : mask(String(answer.headers.warning), namespace),
    answer: step.loose ? shape(masked) : masked,
  };
  try {
    expect(got, `${topic}#${i} ${step.method} ${step.path}`).toEqual({
      ...want,
      answer: withoutDeploymentStatus(want.answer),
    });
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Controllers write it; nobody does here. */
function withoutDeploymentStatus(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('kind' in answer) || answer.kind !== 'Deployment')
    return answer;
  return Object.fromEntries(Object.entries(answer).filter(([key]) => key !== 'status'));
}

function pick(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined), value);
}
