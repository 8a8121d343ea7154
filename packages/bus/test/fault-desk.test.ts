/** The desk between people's words and endpoints' commands, over endpoints of a test. */
import { FakeClock } from '@regatta/runtime';
import { beforeEach, describe, expect, it } from 'vitest';
import { FaultTable } from '../src/faults/fault-table.ts';
import { BusError, type FaultAnswer, type FaultCommand, FaultDesk, FaultDeskError } from '../src/mod.ts';

const APISERVER = 'system:apiserver';
const node = (name: string): string => `system:node:${name}`;

describe('fault desk', () => {
  let clock: FakeClock;
  let tables: Map<string, FaultTable>;
  let frozen: Map<string, number>;
  let absent: Map<string, string>;
  let asked: string[];
  let desk: FaultDesk;

  beforeEach(() => {
    clock = new FakeClock();
    const users = [
      APISERVER,
      'system:kube-scheduler',
      'system:kube-controller-manager',
      node('node-1'),
      node('node-2'),
    ];
    tables = new Map(users.map((user) => [user, new FaultTable(clock)]));
    frozen = new Map();
    absent = new Map();
    asked = [];
    desk = new FaultDesk({
      ask: async (user, command) => obey(user, command),
      nodes: () => ['node-1', 'node-2', 'node-3'],
      absent: (user) => absent.get(user),
      clock,
    });
  });

  function obey(user: string, command: FaultCommand): FaultAnswer {
    asked.push(`${command.op} ${user}`);
    const table = tables.get(user);
    if (!table) throw new BusError('no-responders', 'nobody');
    if (command.op === 'set') table.set(command.fault);
    if (command.op === 'heal') table.heal(command.ids);
    if (command.op === 'thaw') frozen.delete(user);
    const forMs = frozen.get(user);
    return { ok: true, faults: table.list(), ...(forMs === undefined ? {} : { frozenForMs: forMs }) };
  }

  const partition = (name: string, from: readonly string[] = []) =>
    desk.partition({ node: name, from, direction: 'both', forMs: 30_000 });

  async function refusal(done: Promise<unknown>): Promise<string> {
    try {
      return JSON.stringify(await done);
    } catch (error) {
      if (error instanceof FaultDeskError) return `${error.code}: ${error.message}`;
      throw error;
    }
  }

  it('FLT-50: a partition is kept by its node; everybody, groups and names are peers', async () => {
    await partition('node-1');
    await partition('node-1', ['control-plane']);
    await partition('node-1', ['nodes', 'apiserver']);
    expect(
      tables
        .get(node('node-1'))
        ?.list()
        .map(({ id, peers }) => [id, peers]),
    ).toEqual([
      ['partition-node-1', ['*']],
      ['partition-node-1-from-control-plane', [APISERVER, 'system:kube-scheduler', 'system:kube-controller-manager']],
      ['partition-node-1-from-apiserver+nodes', [node('node-2'), node('node-3'), APISERVER]],
    ]);
  });

  it.each([
    ['node-9', [], 'not-found: There is no "node/node-9". There are: node-1, node-2, node-3.'],
    ['apiserver', [], 'not-found: There is no "node/apiserver". There are: node-1, node-2, node-3.'],
    ['node-1', ['node-1'], "invalid: node-1 can't be cut from itself: name others with --from."],
    [
      'node-1',
      ['broker'],
      'not-found: There is no "broker". There are: node-1, node-2, node-3, apiserver, scheduler, controller-manager.',
    ],
  ])('FLT-50: %s cut from %j is refused, and nobody is asked', async (name, from, why) => {
    expect(await refusal(partition(name, from))).toBe(why);
    expect(asked).toEqual([]);
  });

  it('FLT-50: a machine with the name of a component is said with its kind', async () => {
    const twins = new FaultDesk({
      ask: async (user, command) => obey(user, command),
      nodes: () => ['scheduler'],
      clock,
    });
    const delay = { effect: { delay: { ms: 10 } }, direction: 'both', forMs: 1000 } as const;
    expect(await refusal(twins.link({ a: 'scheduler', b: 'apiserver', ...delay }))).toBe(
      'invalid: "scheduler" is a node and a component: say node/scheduler or component/scheduler.',
    );
    await twins.link({ a: 'component/scheduler', b: 'apiserver', ...delay });
    expect(asked).toEqual(['set system:kube-scheduler']);
  });

  it('FLT-51: the same fault on the same ends is replaced', async () => {
    await partition('node-1');
    await clock.advance(10_000);
    const { ids, until } = await partition('node-1');
    expect(ids).toEqual(['partition-node-1']);
    expect(until).toBe(clock.now() + 30_000);
    expect((await desk.list()).faults).toMatchObject([{ id: 'partition-node-1', leftMs: 30_000 }]);
  });

  it('FLT-52: a node is healed at both ends of its links, and others are left alone', async () => {
    await partition('node-1');
    const cut = { effect: { drop: 1 }, direction: 'both', forMs: 30_000 } as const;
    await desk.link({ a: 'node-2', b: 'node-1', ...cut });
    await desk.link({ a: 'node-2', b: 'apiserver', ...cut });
    expect((await desk.heal('node-1')).ids).toEqual(['partition-node-1', 'cut-node-2-node-1']);
    expect((await desk.list()).faults.map(({ id }) => id)).toEqual(['cut-node-2-apiserver']);
    expect((await desk.heal('node-1')).message).toBe('No fault was on at node-1');
  });

  it('FLT-52: all is ended, thawed, and who did not answer is named', async () => {
    await partition('node-1');
    frozen.set(node('node-2'), 5000);
    expect(await desk.list()).toMatchObject({ frozen: [{ name: 'node-2', leftMs: 5000 }], silent: ['node-3'] });
    const { message, nodes } = await desk.endAll();
    expect(message).toBe('node-2 goes on; 1 fault ended; node-3 did not answer');
    expect(nodes).toEqual(['node-2', 'node-1']);
    expect(await desk.list()).toEqual({ faults: [], frozen: [], silent: ['node-3'] });
    expect((await desk.endAll()).message).toBe('No fault was on; node-3 did not answer');
  });

  it('FLT-53: who is known to be frozen or dead is not asked', async () => {
    absent.set(node('node-3'), 'killed');
    expect(await refusal(partition('node-3'))).toBe("unreachable: node-3 can't be told: it is killed.");
    expect(await refusal(desk.heal('node-3'))).toBe('unreachable: node-3 keeps its faults itself, and it is killed.');
    expect((await desk.list()).silent).toEqual([]);
    expect(asked.filter((one) => one.includes('node-3'))).toEqual([]);
    frozen.set(node('node-2'), 5000);
    expect(await refusal(desk.heal('node-2'))).toBe('refused: node-2 is frozen: thaw it first.');
  });

  it.each([0, -1, 86_400_001, Number.NaN])('FLT-54: %d ms is no time for a fault', async (forMs) => {
    const why = 'invalid: A fault lasts from 1ms to 24h.';
    expect(await refusal(desk.partition({ node: 'node-1', from: [], direction: 'both', forMs }))).toBe(why);
    expect(await refusal(desk.freeze('node-1', forMs))).toBe(why);
    expect(asked).toEqual([]);
  });

  it('FLT-52: a cluster of many machines is asked in parts, each once', async () => {
    const names = Array.from({ length: 200 }, (_, i) => `n${i}`);
    let now = 0;
    let most = 0;
    const large = new FaultDesk({
      ask: async () => {
        most = Math.max(most, ++now);
        await Promise.resolve();
        now--;
        return { ok: true, faults: [] };
      },
      nodes: () => names,
      clock,
    });
    expect(await large.list()).toEqual({ faults: [], frozen: [], silent: [] });
    expect(most).toBe(64);
  });
});
