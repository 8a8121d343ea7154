/**
 * `regatta speed [N|pause|resume]`: how fast cluster time runs. It lives in a ConfigMap that every process follows; the
 * apiserver changes it, by its own clock.
 */
import { StatusError } from '@regatta/api';
import { resources } from '@regatta/client';
import { MAX_SPEED, parseTimeline } from '@regatta/runtime';
import { adminClient } from '../api.ts';
import { CliError } from '../cli-error.ts';
import type { Environment } from '../environment.ts';

const CLOCK = { namespace: 'kube-system', name: 'regatta-clock' } as const;
/** Cluster seconds: the example that says what a speed means. */
const GRACE_SECONDS = 50;

type Request = { readonly speed: number } | { readonly action: 'pause' | 'resume' };

interface Change {
  readonly before: number;
  readonly after: number;
}

export async function speed({ io, layout }: Environment, wanted: string | undefined): Promise<number> {
  const request = wanted === undefined ? undefined : parseRequest(wanted);
  const { client, close } = adminClient(layout);
  try {
    if (request === undefined) {
      const { data } = await client.resource(resources.configMaps).get(CLOCK.name, CLOCK.namespace);
      io.print(describe(parseTimeline(data?.['timeline'] ?? '').segments.at(-1)?.speed ?? 1));
      return 0;
    }
    const change = await client.request({ method: 'POST', url: '/regatta/v1/speed', body: request });
    io.print(describeChange(change as Change));
    return 0;
  } catch (error) {
    if (error instanceof StatusError) throw new CliError(`${error.message}.`, 1, { cause: error });
    throw error;
  } finally {
    close();
  }
}

/** @throws CliError for what is no speed */
export function parseRequest(text: string): Request {
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
