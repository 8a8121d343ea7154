import { type Event, StatusError, statusErrors } from '@regatta/api';
import { ClusterClock, constantTimeline, seededRandom } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { EventRecorder, EventsV1Recorder, resources } from '../src/mod.ts';
import { type Harness, harness, until } from './harness.ts';

const web = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '7' },
};

function recorder(h: Harness, speed = 1, pace?: { perSecond: number; burst: number }): EventRecorder {
  return new EventRecorder({
    client: h.client.resource(resources.events),
    component: 'kubelet',
    host: 'node-1',
    clock: new ClusterClock(h.clock, constantTimeline(speed)),
    random: seededRandom(1),
    ...(pace && { pace }),
  });
}

const stored = (h: Harness): Event[] => h.transport.store.list('/events') as Event[];
const verbs = (h: Harness): string[] => h.transport.requests.map(({ method }) => method);

describe('event recorder', () => {
  it('CL-30: writes the event that the kubelet writes', async () => {
    const h = harness();
    const events = recorder(h);
    events.event(web, 'Normal', 'Pulled', 'Container image "x" already present on machine');
    await events.flush();
    expect(stored(h)).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: {
          name: `web.${(BigInt(h.clock.now()) * 1_000_000n).toString(16)}`,
          namespace: 'shop',
          uid: expect.any(String),
          creationTimestamp: '2026-01-01T00:00:00Z',
          resourceVersion: '1',
        },
        involvedObject: {
          apiVersion: 'v1',
          kind: 'Pod',
          name: 'web',
          namespace: 'shop',
          uid: 'u1',
          resourceVersion: '7',
        },
        reason: 'Pulled',
        message: 'Container image "x" already present on machine',
        source: { component: 'kubelet', host: 'node-1' },
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-01T00:00:00Z',
        count: 1,
        type: 'Normal',
        reportingComponent: 'kubelet',
        reportingInstance: 'node-1',
      },
    ]);
  });

  it('CL-31: an equal event is counted by a patch; when it has expired it is created anew', async () => {
    const h = harness();
    const events = recorder(h);
    for (let i = 0; i < 3; i++) events.event(web, 'Warning', 'BackOff', 'Back-off restarting failed container');
    await events.flush();
    expect(verbs(h)).toEqual(['POST', 'PATCH', 'PATCH']);
    expect(stored(h).map(({ count }) => count)).toEqual([3]);
    const [event] = stored(h);
    h.transport.store.remove('/events', `shop/${event?.metadata.name}`, event as Event);
    events.event(web, 'Warning', 'BackOff', 'Back-off restarting failed container');
    await events.flush();
    expect(stored(h).map(({ count }) => count)).toEqual([4]);
  });

  it('CL-32: from the tenth different message of one reason on, events are combined', async () => {
    const h = harness();
    const events = recorder(h);
    for (let i = 1; i <= 12; i++) events.event(web, 'Warning', 'Failed', `attempt ${i}`);
    await events.flush();
    expect(stored(h)).toHaveLength(10);
    expect(stored(h).at(-1)).toMatchObject({ count: 3, message: '(combined from similar events): attempt 12' });
  });

  it('CL-33: one source says at most 25 things of one object, then one each 5 minutes of cluster time', async () => {
    const h = harness();
    const events = recorder(h, 10);
    for (let i = 0; i < 40; i++) events.event(web, 'Normal', `Reason${i}`, 'x');
    await events.flush();
    expect(stored(h)).toHaveLength(25);
    await h.clock.advance(30_000);
    for (let i = 0; i < 5; i++) events.event(web, 'Normal', `Later${i}`, 'x');
    await events.flush();
    expect(stored(h)).toHaveLength(26);
    events.event({ ...web, metadata: { name: 'other', namespace: 'shop', uid: 'u2' } }, 'Normal', 'Pulled', 'x');
    await events.flush();
    expect(stored(h)).toHaveLength(27);
  });

  it('CL-34: what got no answer is tried again; what was refused is not; the queue has a limit', async () => {
    let failure: Error | undefined = new StatusError(statusErrors.serviceUnavailable('down').status, {
      cause: new Error('x'),
    });
    const h = harness({
      intercept: () => {
        if (failure) throw failure;
      },
    });
    const events = recorder(h);
    events.event(web, 'Normal', 'One', 'x');
    await h.clock.advance(1000);
    expect(h.transport.requests.length).toBeGreaterThan(1);
    failure = undefined;
    await h.clock.advance(10_000);
    await events.flush();
    expect(stored(h)).toHaveLength(1);
    failure = statusErrors.forbidden({ group: '', resource: 'events' }, '', 'no');
    const before = h.transport.requests.length;
    events.event(web, 'Normal', 'Two', 'x');
    await events.flush();
    expect(h.transport.requests.length).toBe(before + 1);
    for (let i = 0; i < 3000; i++) events.event({ kind: 'Pod', name: `p${i}`, namespace: 'shop' }, 'Normal', 'X', 'x');
    await events.flush();
    expect(h.transport.requests.length).toBe(before + 1 + 1000);
    expect(h.clock.pendingTimers).toBe(0);
  });

  it('CL-34: a retry is the same event, not one more of it', async () => {
    let failures = 2;
    const h = harness({
      intercept: () => {
        if (failures-- > 0)
          throw new StatusError(statusErrors.serviceUnavailable('down').status, { cause: new Error('x') });
      },
    });
    const events = recorder(h);
    events.event(web, 'Normal', 'One', 'x');
    await h.clock.advance(10_000);
    await events.flush();
    expect(stored(h).map(({ count }) => count)).toEqual([1]);
  });

  it('CL-37: with a pace, a burst is written at once and the rest in turn, in cluster time', async () => {
    const h = harness();
    const events = recorder(h, 10, { perSecond: 5, burst: 3 });
    for (let i = 0; i < 10; i++) events.event({ kind: 'Pod', name: `p${i}`, namespace: 'shop' }, 'Normal', 'X', 'x');
    await until(() => stored(h).length === 3 && h.clock.pendingTimers === 7);
    await h.clock.advance(40); // 400 ms of cluster time
    await until(() => stored(h).length === 5);
    await h.clock.advance(100);
    await events.flush();
    expect(stored(h)).toHaveLength(10);
  });

  it('CL-35: closing gives up what waits', async () => {
    const h = harness({
      intercept: () => {
        throw new Error('down');
      },
    });
    const events = recorder(h);
    events.event(web, 'Normal', 'One', 'x');
    await until(() => h.clock.pendingTimers === 1);
    events.close();
    await events.flush();
    expect(h.clock.pendingTimers).toBe(0);
  });
});

describe('events.k8s.io/v1 recorder', () => {
  it('CL-36: repetitions become a series: written at once with count 2, and with its count when it is over', async () => {
    const h = harness();
    const events = new EventsV1Recorder({
      client: h.client.resource(resources.eventsV1),
      component: 'default-scheduler',
      host: 'h',
      clock: new ClusterClock(h.clock),
      random: seededRandom(1),
    });
    const details = { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', note: '0/3 nodes' } as const;
    for (let i = 0; i < 5; i++) events.event(web, undefined, details);
    await events.flush();
    expect(verbs(h)).toEqual(['POST', 'PATCH']);
    const list = (): object[] => h.transport.store.list('events.k8s.io/events');
    expect(list()).toMatchObject([
      {
        apiVersion: 'events.k8s.io/v1',
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'default-scheduler',
        reportingInstance: 'default-scheduler-h',
        action: 'Scheduling',
        reason: 'FailedScheduling',
        note: '0/3 nodes',
        type: 'Warning',
        regarding: { name: 'web', uid: 'u1' },
        series: { count: 2 },
      },
    ]);
    await h.clock.advance(13 * 60_000);
    await events.flush();
    expect(list()).toMatchObject([{ series: { count: 5, lastObservedTime: '2026-01-01T00:00:00.000000Z' } }]);
    events.event(web, undefined, details);
    await events.flush();
    expect(list()).toHaveLength(2);
    events.close();
    expect(h.clock.pendingTimers).toBe(0);
  });
});
