import type { EventsV1Event, KubeObject, Pod } from '@regatta/api';
import { ApiClient, resources } from '@regatta/client';
import { MemoryTransport } from '@regatta/client/testing';
import { ClusterClock, SystemClock, seededRandom, silentLogger } from '@regatta/runtime';
import { afterEach, describe, expect, it } from 'vitest';
import { runScheduler } from '../src/run-scheduler.ts';
import { makeNode, makePod, type PodOptions } from './fixture.ts';

describe('the scheduler on an API', () => {
  const controller = new AbortController();
  afterEach(() => controller.abort(new Error('over')));

  it('SCH-60: binds, reports and writes conditions through the API', async () => {
    const clock = new ClusterClock(new SystemClock());
    const transport = new MemoryTransport({ clock: clock.real });
    const client = new ApiClient(transport, { userAgent: 'test' });
    const pods = client.resource(resources.pods);
    const create = async (name: string, options: PodOptions = {}): Promise<Pod> => {
      const { metadata, ...rest } = makePod(name, options);
      return pods.create({ ...rest, metadata: { name, namespace: 'default', labels: metadata.labels ?? {} } });
    };
    await client.resource(resources.nodes).create({ ...makeNode('n1'), apiVersion: 'v1', kind: 'Node' });
    await create('before');
    const { signal } = controller;
    const running = runScheduler({ client, clock, random: seededRandom(1), logger: silentLogger, signal });
    running.catch(() => {});
    await expect.poll(async () => (await pods.get('before', 'default')).spec.nodeName).toBe('n1');
    await create('huge', { requests: { cpu: '1000' } });
    const message =
      '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, ' +
      'preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.';
    await expect
      .poll(async () => (await pods.get('huge', 'default')).status?.conditions)
      .toEqual([expect.objectContaining({ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message })]);
    const binding = transport.requests.find(({ url }) => url.endsWith('/pods/before/binding'));
    expect(body(binding?.body)).toMatchObject({ kind: 'Binding', target: { kind: 'Node', name: 'n1' } });
    const events = async (): Promise<Partial<EventsV1Event>[]> =>
      (await client.resource(resources.eventsV1).list()).items.map(({ action, note, reason, reportingController }) => ({
        action,
        note,
        reason,
        reportingController,
      }));
    await expect.poll(events).toEqual([
      {
        action: 'Binding',
        note: 'Successfully assigned default/before to n1',
        reason: 'Scheduled',
        reportingController: 'default-scheduler',
      },
      { action: 'Scheduling', note: message, reason: 'FailedScheduling', reportingController: 'default-scheduler' },
    ]);
  });
});

function body(bytes: Uint8Array | undefined): KubeObject {
  return JSON.parse(Buffer.from(bytes ?? []).toString());
}
