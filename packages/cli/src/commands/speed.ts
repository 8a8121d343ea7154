/**
 * `regatta speed [N|pause|resume]`: how fast cluster time runs. It lives in a ConfigMap that every process follows; the
 * apiserver changes it, by its own clock.
 */
import { StatusError } from '@regatta/api';
import { type ApiClient, resources } from '@regatta/client';
import { MAX_SPEED, parseTimeline } from '@regatta/runtime';
import { adminClient } from '../api.ts';
import { CliError } from '../cli-error.ts';
import type { Environment } from '../environment.ts';
import type { Layout } from '../layout.ts';

const CLOCK = { namespace: 'kube-system', name: 'regatta-clock' } as const;
/** Cluster seconds: the example that says what a speed means. */
const GRACE_SECONDS = 50;

export type SpeedRequest = { readonly speed: number } | { readonly action: 'pause' | 'resume' };

export interface Change {
  readonly before: number;
  readonly after: number;
}

export async function speed({ io, layout }: Environment, wanted: string | undefined): Promise<number> {
  if (wanted === undefined) io.print(describe(await currentSpeed(layout)));
  else io.print(describeChange(await changeSpeed(layout, parseRequest(wanted))));
  return 0;
}

/** @throws CliError when the cluster refuses */
export function changeSpeed(layout: Layout, request: SpeedRequest): Promise<Change> {
  const body = { method: 'POST', url: '/regatta/v1/speed', body: request } as const;
  return withClient(layout, async (client) => (await client.request(body)) as Change);
}

function currentSpeed(layout: Layout): Promise<number> {
  return withClient(layout, async (client) => {
    const { data } = await client.resource(resources.configMaps).get(CLOCK.name, CLOCK.namespace);
    return parseTimeline(data?.['timeline'] ?? '').segments.at(-1)?.speed ?? 1;
  });
}

async function withClient<T>(layout: Layout, use: (client: ApiClient) => Promise<T>): Promise<T> {
  const { client, close } = adminClient(layout);
  try {
    return await use(client);
  } catch (error) {
    if (error instanceof StatusError) throw new CliError(`${error.message}.`, 1, { cause: error });
    throw error;
  } finally {
    close();
  }
}

/** @throws CliError for what is no speed */
export function parseRequest(text: string): SpeedRequest {
  if (text === 'pause' || text === 'resume') return { action: text };
  const value = Number(text);
  if (/^[\d.]+$/.test(text) && value >= 0 && value <= MAX_SPEED) return { speed: value };
  throw new CliError(
    `"${text}" is no speed. It is a number from 0 to ${MAX_SPEED} (1 is upstream's timing, 10 is ten times as fast), or \`pause\`, or \`resume\`.`,
    2,
  );
}

export function describe(speed: number): string {
  if (speed === 0) return 'Cluster time stands still (speed 0); `regatta speed resume` lets it go on.';
  const seconds = Number((GRACE_SECONDS / speed).toFixed(2));
  return `Cluster time runs at speed ${speed}: a grace period of ${GRACE_SECONDS} s takes ${seconds} s.`;
}

export function describeChange({ before, after }: Change): string {
  if (before === after) return `Nothing to change. ${describe(after)}`;
  const was = before === 0 ? 'It stood still before' : `It was ${before}`;
  return `${describe(after)}\n${was}. What is under way keeps the time that is behind it.`;
}
