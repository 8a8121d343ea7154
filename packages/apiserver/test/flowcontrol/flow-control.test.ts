import type { FlowSchema, PriorityLevelConfiguration } from '@regatta/api';
import { FakeClock, yieldToEventLoop } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { FLOW_SCHEMAS, PRIORITY_LEVELS } from '../../src/flowcontrol/bootstrap-objects.ts';
import { FlowControl, type FlowLimitValues } from '../../src/flowcontrol/flow-control.ts';
import { dumpFlow } from '../../src/flowcontrol/flow-dump.ts';
import { FlowRefused } from '../../src/flowcontrol/flow-refused.ts';
import type { FlowTicket } from '../../src/flowcontrol/flow-ticket.ts';
import { ByteBudget } from '../../src/server/byte-budget.ts';
import { FlowLimits } from '../../src/server/limits.ts';
import { requestInfo } from '../../src/server/request-info.ts';
import { TurnShare } from '../../src/server/turn-share.ts';

/** Time goes on when the work says so, within one turn of the event loop too. */
class WorkClock extends FakeClock {
  worked = 0;

  override monotonic(): number {
    return super.monotonic() + this.worked;
  }
}

function setting(limits: Partial<FlowLimitValues> = {}): { clock: WorkClock; flow: FlowControl } {
  const clock = new WorkClock();
  return { clock, flow: new FlowControl(clock, { limits }) };
}

const LIST = requestInfo('GET', '/api/v1/namespaces/x/pods/p');
const CREATE = requestInfo('POST', '/api/v1/namespaces/x/pods');

function as(
  flow: FlowControl,
  name: string,
  more: Partial<FlowTicket> & { groups?: string[]; info?: typeof LIST } = {},
) {
  const { groups = ['system:authenticated'], info = LIST, ...rest } = more;
  return { ...flow.ticket({ name, groups }, info, () => false), ...rest };
}

const ROOMY = { limitResponse: { type: 'Queue', queuing: { queues: 64, handSize: 1, queueLengthLimit: 5000 } } };

/** Objects with what is changed of one level. */
function levels(name: string, limited: Partial<NonNullable<PriorityLevelConfiguration['spec']['limited']>>) {
  return [...PRIORITY_LEVELS.mandatory, ...PRIORITY_LEVELS.suggested].map((level) =>
    level.metadata.name === name
      ? { ...level, spec: { ...level.spec, limited: { ...level.spec.limited, ...limited } } }
      : level,
  ) as PriorityLevelConfiguration[];
}
const SCHEMAS = [...FLOW_SCHEMAS.mandatory, ...FLOW_SCHEMAS.suggested];

function seatsOfLevel(flow: FlowControl, name: string): number {
  return flow.configuration.levels.get(name)?.current ?? 0;
}

function tryRun<T>(flow: FlowControl, ticket: FlowTicket, work: () => T | Promise<T>): Promise<unknown> {
  try {
    return settled(Promise.resolve(flow.run(ticket, work)));
  } catch (error) {
    return Promise.resolve(error);
  }
}

/** Work that is under way until it is told to end. */
class Held {
  readonly #ends: (() => void)[] = [];
  readonly work = (): Promise<string> => new Promise((resolve) => this.#ends.push(() => resolve('done')));

  end(): void {
    for (const end of this.#ends.splice(0)) end();
  }
}

async function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error);
}

describe('LIM-1: requests under way', () => {
  it('runs at once, without a promise, while there is time and room', () => {
    const { flow } = setting();
    expect(flow.run(as(flow, 'ann'), () => 'done')).toBe('done');
    expect(() =>
      flow.run(as(flow, 'ann'), () => {
        throw new RangeError('broken');
      }),
    ).toThrow(RangeError);
    expect(flow.underWay.readOnly).toBe(0);
  });

  it('gives a level its seats and no more, and all get theirs in the end', async () => {
    const { flow } = setting();
    const held = new Held();
    const seats = seatsOfLevel(flow, 'global-default');
    const answers = Array.from({ length: seats + 20 }, () => tryRun(flow, as(flow, 'ann'), held.work));
    await yieldToEventLoop();
    expect(flow.underWay.readOnly).toBe(seats);
    expect(flow.queued).toBe(20);
    // Other levels have seats of their own.
    expect(flow.run(as(flow, 'node', { groups: ['system:nodes'] }), () => 'node')).toBe('node');
    while (flow.queued > 0 || flow.underWay.readOnly > 0) {
      held.end();
      await yieldToEventLoop();
    }
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['done']));
  });

  it('takes no seat for what runs long but for a watch until it is begun, and none from those who are exempt', () => {
    const { flow } = setting({ readOnly: 1, mutating: 0 });
    const log = requestInfo('GET', '/api/v1/namespaces/x/pods/p/log');
    const watch = requestInfo('GET', '/api/v1/pods?watch=1');
    expect([as(flow, 'ann', { info: log }).seats, as(flow, 'ann', { info: watch }).seats]).toEqual([0, 1]);
    const held = new Held();
    const root = { groups: ['system:masters'] };
    for (let i = 0; i < 100; i++) void tryRun(flow, as(flow, 'root', root), held.work);
    expect(flow.underWay.readOnly).toBe(100);
    held.end();
  });

  it('lets a request that wants more seats than there are run alone', async () => {
    const { flow } = setting();
    const held = new Held();
    const wide = { seats: seatsOfLevel(flow, 'global-default') + 1 };
    void tryRun(flow, as(flow, 'ann', wide), held.work);
    const second = tryRun(flow, as(flow, 'bob', wide), held.work);
    await yieldToEventLoop();
    expect([flow.underWay.readOnly, flow.queued]).toEqual([1, 1]);
    held.end();
    await yieldToEventLoop();
    await yieldToEventLoop();
    held.end();
    expect(await second).toBe('done');
  });
});

describe('LIM-2: fair turns', () => {
  it('serves a user with one request within a round, however much another has waiting', async () => {
    const { clock, flow } = setting();
    flow.configure(levels('global-default', ROOMY), SCHEMAS);
    const order: string[] = [];
    const work = (user: string) => () => {
      clock.worked += 0.5;
      order.push(user);
    };
    for (let i = 0; i < 1000; i++) void Promise.resolve(flow.run(as(flow, 'flooder'), work('flooder')));
    const servedBefore = order.length;
    expect(servedBefore).toBeLessThanOrEqual(FlowLimits.turn / 0.5 + 1);
    await Promise.resolve(flow.run(as(flow, 'bob'), work('bob')));
    // A round: the flooder's quantum, then Bob.
    expect(order.indexOf('bob') - servedBefore).toBeLessThanOrEqual(FlowLimits.quantum / 0.5 + 1);
    while (flow.queued > 0) await yieldToEventLoop();
    expect(order.length).toBe(1001);
  });

  it('makes who took long wait longer', async () => {
    const { clock, flow } = setting();
    flow.configure(levels('global-default', ROOMY), SCHEMAS);
    const order: string[] = [];
    clock.worked = 0;
    flow.run(as(flow, 'ann'), () => {
      clock.worked += 10;
    });
    for (let i = 0; i < 20; i++) {
      for (const [user, cost] of [
        ['heavy', 4],
        ['light', 0.5],
      ] as const) {
        void Promise.resolve(
          flow.run(as(flow, user), () => {
            clock.worked += cost;
            order.push(user);
          }),
        );
      }
    }
    while (flow.queued > 0) await yieldToEventLoop();
    const lightDone = order.lastIndexOf('light');
    expect(order.slice(0, lightDone).filter((user) => user === 'heavy').length).toBeLessThanOrEqual(5);
  });

  it('leaves the rest of the event loop its time', async () => {
    const { clock, flow } = setting();
    flow.configure(levels('global-default', ROOMY), SCHEMAS);
    let served = 0;
    for (let i = 0; i < 100; i++) {
      void Promise.resolve(
        flow.run(as(flow, 'ann'), () => {
          clock.worked += 1;
          served++;
        }),
      );
    }
    const seen: number[] = [];
    while (flow.queued > 0) {
      seen.push(served);
      await yieldToEventLoop();
    }
    seen.push(served);
    for (let i = 1; i < seen.length; i++) expect((seen[i] ?? 0) - (seen[i - 1] ?? 0)).toBeLessThanOrEqual(6);
  });

  it('does not serve those who are gone', async () => {
    const { clock, flow } = setting();
    let served = 0;
    let gone = false;
    flow.run(as(flow, 'ann'), () => {
      clock.worked += 10;
    });
    const answers = Array.from({ length: 50 }, () =>
      settled(Promise.resolve(flow.run(as(flow, 'ann', { gone: () => gone }), () => served++))),
    );
    gone = true;
    await Promise.all(answers);
    expect(served).toBe(0);
  });
});

describe('LIM-3: too many requests', () => {
  it('refuses what is too much for the queues of a flow, a few in a turn, and goes on', async () => {
    const { flow } = setting();
    const held = new Held();
    const answers = Array.from({ length: 1000 }, () => tryRun(flow, as(flow, 'ann'), held.work));
    const seats = seatsOfLevel(flow, 'global-default');
    expect(flow.queued).toBe(300);
    // Another user still gets a place in a queue, and an exempt one is served.
    const bob = tryRun(flow, as(flow, 'bob'), () => 'served');
    expect(await flow.run(as(flow, 'root', { groups: ['system:masters'] }), () => 'served')).toBe('served');
    while (flow.queued > 0 || flow.underWay.readOnly > 0) {
      held.end();
      await yieldToEventLoop();
    }
    for (let i = 0; i < 1000 / FlowLimits.refusalsPerTurn; i++) await yieldToEventLoop();
    const ended = await Promise.all(answers);
    expect(await bob).toBe('served');
    expect(ended.filter((answer) => answer === 'done')).toHaveLength(300 + seats);
    expect(ended.filter((answer) => answer instanceof FlowRefused)).toHaveLength(700 - seats);
  });

  it('refuses after a quarter of the request timeout what gets no seat, except to those who are exempt', async () => {
    const { clock, flow } = setting({ readOnly: 1, mutating: 0 });
    const held = new Held();
    void tryRun(flow, as(flow, 'ann'), held.work);
    const waiting = tryRun(flow, as(flow, 'ann'), () => 'done');
    await clock.advance(14_000);
    expect(flow.queued).toBe(1);
    await clock.advance(2000);
    expect(await waiting).toBeInstanceOf(FlowRefused);
    held.end();
    await clock.advance(1000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('bounds what waits altogether', () => {
    const { flow } = setting({ readOnly: 1, mutating: 0, queued: 10 });
    const held = new Held();
    void tryRun(flow, as(flow, 'first'), held.work);
    for (let i = 0; i < 10; i++) void tryRun(flow, as(flow, `user-${i}`), () => 'done');
    expect(() => flow.run(as(flow, 'one-more'), () => 'done')).toThrow(FlowRefused);
    held.end();
  });
});

describe('FC-3: levels that reject', () => {
  it('refuse at once what has no seat, and let what waits for time alone wait', async () => {
    const { clock, flow } = setting();
    const schemas: FlowSchema[] = SCHEMAS.filter(({ metadata }) => metadata.name !== 'global-default');
    flow.configure([...PRIORITY_LEVELS.mandatory, ...PRIORITY_LEVELS.suggested], schemas);
    const seats = seatsOfLevel(flow, 'catch-all');
    expect(as(flow, 'ann').schema.name).toBe('catch-all');
    flow.run(as(flow, 'root', { groups: ['system:masters'] }), () => {
      clock.worked += 100;
    });
    const held = new Held();
    const answers = Array.from({ length: seats + 1 }, () => tryRun(flow, as(flow, 'ann'), held.work));
    expect(await answers.at(-1)).toBeInstanceOf(FlowRefused);
    expect(flow.queued).toBe(seats);
    while (flow.queued > 0 || flow.underWay.readOnly > 0) {
      held.end();
      await yieldToEventLoop();
    }
    expect(new Set(await Promise.all(answers.slice(0, -1)))).toEqual(new Set(['done']));
  });
});

describe('FC-8: what flow control holds can be looked at', () => {
  const page = (flow: FlowControl, path: string): string =>
    Buffer.concat(
      dumpFlow(flow, requestInfo('GET', `/debug/api_priority_and_fairness/${path}`))?.body ?? [],
    ).toString();

  it('as tables of levels, queues and requests', async () => {
    const { flow } = setting({ readOnly: 1, mutating: 0 });
    const held = new Held();
    void tryRun(flow, as(flow, 'ann'), held.work);
    void tryRun(flow, as(flow, 'bob', { info: CREATE }), held.work);
    const rows = page(flow, 'dump_priority_levels').split('\n');
    expect(rows[0]).toBe(
      'PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, DispatchedRequests, RejectedRequests, TimedoutRequests, CancelledRequests',
    );
    expect(rows.find((row) => row.startsWith('global-default'))?.split(/,\s+/)).toEqual([
      'global-default',
      '1',
      'false',
      'false',
      '1',
      '1',
      '1',
      '0',
      '0',
      '0',
    ]);
    expect(
      rows
        .find((row) => row.startsWith('exempt'))
        ?.split(/,\s+/)
        .slice(1, 3),
    ).toEqual(['0', 'true']);
    expect(
      page(flow, 'dump_queues')
        .split('\n')
        .filter((row) => row.startsWith('global-default')).length,
    ).toBe(128);
    const requests = page(flow, 'dump_requests?includeRequestDetails=1').split('\n');
    expect(requests).toHaveLength(3);
    expect(requests[1]?.split(/,\s*/).slice(-8)).toEqual([
      'bob',
      'create',
      '/api/v1/namespaces/x/pods',
      'x',
      '',
      'v1',
      'pods',
      '',
    ]);
    expect(dumpFlow(flow, requestInfo('GET', '/debug/api_priority_and_fairness/else'))).toBeUndefined();
    held.end();
    await yieldToEventLoop();
    held.end();
  });
});

describe('LIM-4: bytes', () => {
  it('lets no user hold more than a share, and all no more than the total', () => {
    const budget = new ByteBudget(10, 25);
    expect([budget.take('ann', 10), budget.take('ann', 1)]).toEqual([true, false]);
    expect([budget.take('bob', 10), budget.take('cid', 10), budget.take('cid', 5)]).toEqual([true, false, true]);
    expect(budget.isFull('dan')).toBe(true);
    budget.give('ann', 10);
    expect([budget.held, budget.heldBy('ann'), budget.isFull('dan')]).toEqual([15, 0, false]);
  });

  it('lets who does not take his answers wait with his next read, and nobody else', async () => {
    const { flow } = setting({ userUnsentBytes: 100 });
    const sent = flow.sending('ann', 100);
    const next = Promise.resolve(flow.run(as(flow, 'ann'), () => 'read'));
    expect(await flow.run(as(flow, 'ann', { info: CREATE }), () => 'written')).toBe('written');
    expect(await flow.run(as(flow, 'bob'), () => 'read')).toBe('read');
    await yieldToEventLoop();
    expect(flow.queued).toBe(1);
    sent();
    sent();
    expect(await next).toBe('read');
    expect(flow.unsent.held).toBe(0);
  });
});

describe('LIM-5: turns of the event loop', () => {
  it('lets what waits go on in its order, as far as the share of a turn goes', async () => {
    const clock = new WorkClock();
    const share = new TurnShare(clock, 5);
    const order: number[] = [];
    const turns: number[] = [];
    for (let i = 0; i < 20; i++) {
      void Promise.resolve(share.take()).then(() => {
        clock.worked += 2;
        order.push(i);
      });
      await undefined;
    }
    while (order.length < 20) {
      turns.push(order.length);
      await yieldToEventLoop();
    }
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
    for (let i = 1; i < turns.length; i++) expect((turns[i] ?? 0) - (turns[i - 1] ?? 0)).toBeLessThanOrEqual(3);
  });
});
