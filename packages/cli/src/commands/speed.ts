/**
 * `regatta speed [N]`: how fast cluster time runs. It lives in a ConfigMap that every process follows.
 */
import { isConflict } from '@regatta/api';
import { resources } from '@regatta/client';
import { MAX_SPEED, parseTimeline, withSpeed } from '@regatta/runtime';
import { adminClient } from '../api.ts';
import { CliError } from '../cli-error.ts';
import type { Environment } from '../environment.ts';

const CLOCK = { namespace: 'kube-system', name: 'regatta-clock' } as const;
const MOST_TRIES = 5;

export async function speed({ io, layout, clock }: Environment, wanted: string | undefined): Promise<number> {
  const next = wanted === undefined ? undefined : parseSpeed(wanted);
  const { client, close } = adminClient(layout);
  try {
    const configMaps = client.resource(resources.configMaps);
    for (let tries = 1; ; tries++) {
      const current = await configMaps.get(CLOCK.name, CLOCK.namespace);
      const timeline = parseTimeline(current.data?.['timeline'] ?? '');
      if (next === undefined) {
        io.print(describe(timeline.segments.at(-1)?.speed ?? 1));
        return 0;
      }
      try {
        const changed = JSON.stringify(withSpeed(timeline, next, clock.now()));
        await configMaps.update({ ...current, data: { ...current.data, timeline: changed } });
        io.print(describe(next));
        return 0;
      } catch (error) {
        if (!isConflict(error) || tries === MOST_TRIES) throw error;
      }
    }
  } finally {
    close();
  }
}

function parseSpeed(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= MAX_SPEED) return value;
  throw new CliError(
    `A speed is a number from 0 (paused) to ${MAX_SPEED}: 1 is upstream's timing, 10 is ten times as fast.`,
    2,
  );
}

function describe(value: number): string {
  if (value === 0) return 'Cluster time stands still (speed 0).';
  return `Cluster time runs at speed ${value}: a ${value === 1 ? 'grace period of 50 s takes 50 s' : `grace period of 50 s takes ${Number((50 / value).toFixed(2))} s`}.`;
}
