import type { FlowSchema, PriorityLevelConfiguration } from '@regatta/api';
import { FakeClock, MetricsRegistry } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { FLOW_SCHEMAS, PRIORITY_LEVELS } from '../../src/flowcontrol/bootstrap-objects.ts';
import { FlowConfiguration } from '../../src/flowcontrol/flow-configuration.ts';
import { RetryAfter } from '../../src/flowcontrol/retry-after.ts';
import { allocateSeats } from '../../src/flowcontrol/seat-allocation.ts';
import { SeatDemand } from '../../src/flowcontrol/seat-demand.ts';
import { deal, flowHash } from '../../src/flowcontrol/shuffle-sharding.ts';
import { seatsOf } from '../../src/flowcontrol/work-estimate.ts';
import { requestInfo } from '../../src/server/request-info.ts';

const LEVELS = [...PRIORITY_LEVELS.mandatory, ...PRIORITY_LEVELS.suggested];
const SCHEMAS = [...FLOW_SCHEMAS.mandatory, ...FLOW_SCHEMAS.suggested];

function configured(
  levels: readonly PriorityLevelConfiguration[] = LEVELS,
  schemas: readonly FlowSchema[] = SCHEMAS,
): FlowConfiguration {
  const configuration = new FlowConfiguration(new FakeClock(), 600, new MetricsRegistry());
  configuration.configure(levels, schemas);
  return configuration;
}

const authenticated = (name: string, ...groups: string[]) => ({ name, groups: [...groups, 'system:authenticated'] });
const account = (namespace: string, name: string) =>
  authenticated(
    `system:serviceaccount:${namespace}:${name}`,
    'system:serviceaccounts',
    `system:serviceaccounts:${namespace}`,
  );

describe("FC-1: upstream's objects", () => {
  it.each([
    [authenticated('ann'), 'GET', '/api/v1/pods', 'global-default', 'ann'],
    [
      { name: 'system:anonymous', groups: ['system:unauthenticated'] },
      'GET',
      '/version',
      'global-default',
      'system:anonymous',
    ],
    [{ name: 'system:anonymous', groups: ['system:unauthenticated'] }, 'GET', '/readyz', 'probes', ''],
    [authenticated('root', 'system:masters'), 'GET', '/readyz', 'exempt', ''],
    [authenticated('system:node:n', 'system:nodes'), 'GET', '/api/v1/pods', 'system-nodes', 'system:node:n'],
    [
      authenticated('system:node:n', 'system:nodes'),
      'PATCH',
      '/api/v1/nodes/n/status',
      'system-node-high',
      'system:node:n',
    ],
    [
      authenticated('system:node:n', 'system:nodes'),
      'PUT',
      '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n',
      'system-node-high',
      'system:node:n',
    ],
    [authenticated('system:kube-scheduler'), 'GET', '/api/v1/namespaces/a/pods', 'kube-scheduler', 'a'],
    [
      authenticated('system:kube-scheduler'),
      'PUT',
      '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/s',
      'system-leader-election',
      'system:kube-scheduler',
    ],
    [
      authenticated('system:kube-controller-manager'),
      'PUT',
      '/api/v1/namespaces/a/endpoints/e',
      'endpoint-controller',
      'system:kube-controller-manager',
    ],
    [
      account('kube-system', 'x'),
      'GET',
      '/api/v1/namespaces/a/configmaps/c',
      'workload-leader-election',
      'system:serviceaccount:kube-system:x',
    ],
    [account('kube-system', 'x'), 'DELETE', '/api/v1/namespaces/a/pods/c', 'kube-system-service-accounts', 'a'],
    [account('web', 'x'), 'GET', '/api/v1/namespaces/a/pods/c', 'service-accounts', 'system:serviceaccount:web:x'],
  ] as const)('%j %s %s is %s of flow %j', (user, method, path, name, flow) => {
    const configuration = configured();
    const info = requestInfo(method, path);
    const schema = configuration.schemaOf(user, info);
    expect(schema.name).toBe(name);
    expect(configuration.distinguisher(schema, user, info)).toBe(flow);
  });

  it('divides 600 seats by their shares', () => {
    const seats = [...configured().levels.values()].map(({ name, nominal, lower, upper }) => [
      name,
      nominal,
      lower,
      upper,
    ]);
    expect(seats).toEqual([
      ['exempt', 0, 0, 600],
      ['catch-all', 13, 13, 613],
      ['system', 74, 50, 674],
      ['node-high', 98, 73, 698],
      ['leader-election', 25, 25, 625],
      ['workload-high', 98, 49, 698],
      ['workload-low', 245, 24, 845],
      ['global-default', 49, 24, 649],
    ]);
  });
});

describe('FC-2: the first schema that speaks of a request', () => {
  const mine = (precedence: number, name: string, level = 'workload-low'): FlowSchema => ({
    metadata: { name, uid: `uid-of-${name}` },
    spec: {
      matchingPrecedence: precedence,
      priorityLevelConfiguration: { name: level },
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: 'ann' } }],
          nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['/openapi/*'] }],
          resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['a'] }],
        },
      ],
    },
  });

  it('goes by precedence, then by name, and by whom, what and where', () => {
    const configuration = configured(LEVELS, [mine(8, 'b'), mine(8, 'a'), ...SCHEMAS]);
    const of = (user: string, path: string): string =>
      configuration.schemaOf(authenticated(user), requestInfo('GET', path)).name;
    expect(of('ann', '/api/v1/namespaces/a/pods/p')).toBe('a');
    expect(of('ann', '/api/v1/namespaces/b/pods/p')).toBe('global-default');
    expect(of('ann', '/api/v1/namespaces/a/pods')).toBe('global-default');
    expect(of('ann', '/api/v1/namespaces/a/pods/p/log')).toBe('global-default');
    expect(of('ann', '/openapi/v2')).toBe('a');
    expect(of('ann', '/openapi')).toBe('global-default');
    expect(of('bob', '/openapi/v2')).toBe('global-default');
  });

  it('leaves out schemas whose level is missing, and has exempt and catch-all whatever there is', () => {
    const configuration = configured([], [mine(8, 'a', 'none')]);
    expect(configuration.schemaOf(authenticated('ann'), requestInfo('GET', '/openapi/v2')).name).toBe('catch-all');
    expect(configuration.schemaOf(authenticated('r', 'system:masters'), requestInfo('GET', '/x')).name).toBe('exempt');
    expect([...configuration.levels.keys()]).toEqual(['exempt', 'catch-all']);
  });

  it('keeps a level that is gone until nobody is in it', () => {
    const configuration = configured();
    configuration.levels.get('workload-low')?.enter(1, 0);
    const rest = LEVELS.filter(({ metadata }) => metadata.name !== 'workload-low');
    configuration.configure(rest, SCHEMAS);
    expect(configuration.levels.get('workload-low')).toMatchObject({ quiescing: true, nominal: 245 });
    configuration.levels.get('workload-low')?.leave(1, 0);
    configuration.configure(rest, SCHEMAS);
    expect(configuration.levels.has('workload-low')).toBe(false);
  });
});

describe('FC-4: queues by shuffle sharding', () => {
  it('deals hands of different queues, the same to the same flow', () => {
    for (let i = 0; i < 500; i++) {
      const hand = deal(flowHash('service-accounts', `user-${i}`), 128, 6);
      expect(new Set(hand).size).toBe(6);
      expect(hand.every((card) => card >= 0 && card < 128)).toBe(true);
      expect(deal(flowHash('service-accounts', `user-${i}`), 128, 6)).toEqual(hand);
    }
    const [one, other] = [deal(flowHash('a', 'b'), 128, 6), deal(flowHash('a', 'c'), 128, 6)];
    expect(one).not.toEqual(other);
    expect(deal(0n, 3, 3).sort()).toEqual([0, 1, 2]);
  });
});

describe('FC-5: borrowed seats', () => {
  it('give each level the same part of what it aims at, within its bounds', () => {
    const { seats, proportion } = allocateSeats(100, [
      { target: 100, lower: 10, upper: 200 },
      { target: 50, lower: 10, upper: 30 },
      { target: 5, lower: 5, upper: 100 },
    ]) ?? { seats: [], proportion: 0 };
    expect(seats.reduce((all, one) => all + one, 0)).toBeCloseTo(100);
    expect(seats.map(Math.round)).toEqual([65, 30, 5]);
    expect(proportion).toBeCloseTo(0.65);
    expect(allocateSeats(5, [{ target: 10, lower: 6, upper: 9 }])).toBeUndefined();
    expect(allocateSeats(10, [{ target: 10, lower: 6, upper: 9 }])).toBeUndefined();
  });

  it('go from idle levels to one that wants more, and come back', () => {
    const configuration = configured();
    const at = (ms: number): number => configuration.clock.monotonic() + ms;
    const level = configuration.levels.get('global-default');
    if (!level) throw new Error('missing');
    for (let i = 0; i < 300; i++) level.enter(1, at(0));
    configuration.lend(at(10_000));
    expect(level.current).toBeGreaterThan(200);
    for (let i = 0; i < 300; i++) level.leave(1, at(10_000));
    const busy = configuration.levels.get('workload-low');
    for (let i = 0; i < 400; i++) busy?.enter(1, at(10_000));
    for (let period = 2; period < 90; period++) configuration.lend(at(period * 10_000));
    expect(level.current).toBeLessThan(60);
    expect(busy?.current).toBeGreaterThan(300);
  });

  it('go by the average and deviation of demand over time, which fade', () => {
    const demand = new SeatDemand(0);
    demand.set(10, 0);
    demand.set(0, 5000);
    demand.roll(10_000);
    expect(demand).toMatchObject({ average: 5, deviation: 5, highWatermark: 10, smoothed: 10 });
    demand.roll(20_000);
    expect(demand).toMatchObject({ average: 0, highWatermark: 0 });
    expect(demand.smoothed).toBeCloseTo(9.77);
  });
});

describe('FC-6: what a request takes', () => {
  it.each([
    ['GET', '/api/v1/pods', 1500, 10, 10],
    ['GET', '/api/v1/pods', 450, 10, 5],
    ['GET', '/api/v1/pods', 450, 3, 3],
    ['GET', '/api/v1/pods?limit=120', 4500, 10, 2],
    ['GET', '/api/v1/pods', 4500, 0, 10],
    ['GET', '/api/v1/namespaces/x/pods?fieldSelector=metadata.name%3Da', 4500, 10, 1],
    ['GET', '/api/v1/pods?watch=1', 4500, 10, 1],
    ['GET', '/api/v1/pods?watch=1&sendInitialEvents=true', 450, 10, 5],
    ['POST', '/api/v1/namespaces/x/pods', 4500, 10, 1],
  ] as const)('%s %s of %i objects, at most %i: %i seats', (method, path, stored, most, seats) => {
    expect(seatsOf(requestInfo(method, path), () => stored, most)).toBe(seats);
  });
});

describe('FC-7: when to come back', () => {
  it('doubles while refusals go on, up to 32 seconds, and becomes less again', () => {
    const retry = new RetryAfter();
    for (let second = 1; second < 200; second++) for (let i = 0; i < 10; i++) retry.refused(second * 1000);
    expect(retry.seconds).toBe(32);
    for (let second = 300; second < 1400; second += 35) retry.refused(second * 1000);
    expect(retry.seconds).toBe(1);
  });
});
