import { FakeClock, yieldToEventLoop } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../../src/server/byte-budget.ts';
import { FlowControl, type FlowLimitValues, FlowRefused, type FlowRequest } from '../../src/server/flow-control.ts';
import { flowHeaders, flowSchemaOf } from '../../src/server/flow-schema.ts';
import { FlowLimits } from '../../src/server/limits.ts';
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
  return { clock, flow: new FlowControl(clock, limits) };
}

function asks(user: string, more: Partial<FlowRequest> = {}): FlowRequest {
  return { user, exempt: false, seat: 'read', gone: () => false, ...more };
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
    expect(flow.run(asks('ann'), () => 'done')).toBe('done');
    expect(() =>
      flow.run(asks('ann'), () => {
        throw new RangeError('broken');
      }),
    ).toThrow(RangeError);
    expect(flow.underWay('read')).toBe(0);
  });

  it("has upstream's limits, and half of them for one user", async () => {
    const { flow } = setting();
    const held = new Held();
    const answers = Array.from({ length: 500 }, () => Promise.resolve(flow.run(asks('ann'), held.work)));
    const writes = Array.from({ length: 300 }, () =>
      Promise.resolve(flow.run(asks('ann', { seat: 'write' }), held.work)),
    );
    expect([flow.underWay('read'), flow.underWay('write')]).toEqual([200, 100]);
    for (let i = 0; i < 300; i++) void Promise.resolve(flow.run(asks('bob'), held.work));
    await yieldToEventLoop();
    expect(flow.underWay('read')).toBe(400);
    expect(FlowLimits).toMatchObject({ readOnly: 400, mutating: 200 });
    while (flow.queued > 0 || flow.underWay('read') + flow.underWay('write') > 0) {
      held.end();
      await yieldToEventLoop();
    }
    expect(new Set(await Promise.all([...answers, ...writes]))).toEqual(new Set(['done']));
  });

  it('counts no place for what runs long, and asks none of those who are exempt', () => {
    const { flow } = setting({ readOnly: 0 });
    expect(flow.run(asks('ann', { seat: 'none' }), () => 'watch')).toBe('watch');
    expect(flow.run(asks('root', { exempt: true }), () => 'list')).toBe('list');
  });
});

describe('LIM-2: fair turns', () => {
  it('serves a user with one request within a round, however much another has waiting', async () => {
    const { clock, flow } = setting({ queuedPerUser: 5000 });
    const order: string[] = [];
    const work = (user: string) => () => {
      clock.worked += 0.5;
      order.push(user);
    };
    for (let i = 0; i < 1000; i++) void Promise.resolve(flow.run(asks('flooder'), work('flooder')));
    const servedBefore = order.length;
    expect(servedBefore).toBeLessThanOrEqual(FlowLimits.turn / 0.5 + 1);
    await Promise.resolve(flow.run(asks('bob'), work('bob')));
    // A round: the flooder's quantum, then Bob.
    expect(order.indexOf('bob') - servedBefore).toBeLessThanOrEqual(FlowLimits.quantum / 0.5 + 1);
    while (flow.queued > 0) await yieldToEventLoop();
    expect(order.length).toBe(1001);
  });

  it('makes who took long wait longer', async () => {
    const { clock, flow } = setting({ queuedPerUser: 5000 });
    const order: string[] = [];
    clock.worked = 0;
    flow.run(asks('ann'), () => {
      clock.worked += 10;
    });
    for (let i = 0; i < 20; i++) {
      for (const [user, cost] of [
        ['heavy', 4],
        ['light', 0.5],
      ] as const) {
        void Promise.resolve(
          flow.run(asks(user), () => {
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
    const { clock, flow } = setting({ queuedPerUser: 5000 });
    let served = 0;
    for (let i = 0; i < 100; i++) {
      void Promise.resolve(
        flow.run(asks('ann'), () => {
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
    flow.run(asks('ann'), () => {
      clock.worked += 10;
    });
    const answers = Array.from({ length: 50 }, () =>
      settled(Promise.resolve(flow.run(asks('ann', { gone: () => gone }), () => served++))),
    );
    gone = true;
    await Promise.all(answers);
    expect(served).toBe(0);
  });
});

describe('LIM-3: too many requests', () => {
  it('refuses what is too much for one queue, a few in a turn, and goes on', async () => {
    const { flow } = setting({ readOnly: 2 });
    const held = new Held();
    const answers = Array.from({ length: 1000 }, () => {
      try {
        return settled(Promise.resolve(flow.run(asks('ann'), held.work)));
      } catch (error) {
        return Promise.resolve(error);
      }
    });
    expect(flow.queued).toBe(FlowLimits.queuedPerUser);
    // Another user still gets in.
    expect(await flow.run(asks('bob', { exempt: true }), () => 'served')).toBe('served');
    while (flow.queued > 0 || flow.underWay('read') > 0) {
      held.end();
      await yieldToEventLoop();
    }
    for (let i = 0; i < 1000 / FlowLimits.refusalsPerTurn; i++) await yieldToEventLoop();
    const ended = await Promise.all(answers);
    expect(ended.filter((answer) => answer === 'done')).toHaveLength(301);
    expect(ended.filter((answer) => answer instanceof FlowRefused)).toHaveLength(699);
  });

  it('refuses after a quarter of the request timeout what gets no place, except to those who are exempt', async () => {
    const { clock, flow } = setting({ readOnly: 2 });
    const held = new Held();
    void Promise.resolve(flow.run(asks('ann'), held.work));
    const waiting = settled(Promise.resolve(flow.run(asks('ann'), () => 'done')));
    await clock.advance(14_000);
    expect(flow.queued).toBe(1);
    await clock.advance(2000);
    expect(await waiting).toBeInstanceOf(FlowRefused);
    held.end();
    await clock.advance(1000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('bounds what waits altogether', () => {
    const { flow } = setting({ readOnly: 0, queued: 10 });
    for (let i = 0; i < 10; i++) void Promise.resolve(flow.run(asks(`user-${i}`), () => 'done')).catch(() => {});
    expect(() => flow.run(asks('one-more'), () => 'done')).toThrow(FlowRefused);
  });

  it("names upstream's flow schema and priority level by their uids", () => {
    const names = (groups: string[]) => flowSchemaOf({ name: 'x', groups });
    expect(names(['system:masters'])).toEqual({ schema: 'exempt', level: 'exempt' });
    expect(names(['system:nodes'])).toEqual({ schema: 'system-nodes', level: 'system' });
    expect(names(['system:serviceaccounts', 'system:serviceaccounts:kube-system']).level).toBe('workload-high');
    expect(names(['system:serviceaccounts', 'system:serviceaccounts:web']).level).toBe('workload-low');
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect(flowHeaders({ name: 'ann', groups: ['system:authenticated'] })).toEqual({
      'x-kubernetes-pf-flowschema-uid': expect.stringMatching(uuid) as string,
      'x-kubernetes-pf-prioritylevel-uid': expect.stringMatching(uuid) as string,
    });
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
    const next = Promise.resolve(flow.run(asks('ann'), () => 'read'));
    expect(flow.run(asks('ann', { seat: 'write' }), () => 'written')).toBe('written');
    expect(await flow.run(asks('bob'), () => 'read')).toBe('read');
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
