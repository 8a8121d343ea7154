import { ClusterClock, constantTimeline, seededRandom } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { HEAP_BYTES, PIDS_MAX } from '../../src/runtime/process/cgroup.ts';
import { NODE_HEAP_BYTES, NodeKernel } from '../../src/runtime/process/node-kernel.ts';
import { makePipe } from '../../src/runtime/process/pipe.ts';
import type { Program } from '../../src/runtime/process/process-context.ts';
import { ComputingClock } from '../support/computing-clock.ts';
import { forever, TestKernel } from '../support/test-kernel.ts';

const MIB = 1024 * 1024;

/** Computes without end. */
const busy: Program = async (process) => {
  for (;;) await process.step();
};

const takes =
  (bytes: number, kind: 'held' | 'emulated' = 'held'): Program =>
  async (process) => {
    process.memory.charge(bytes, kind);
    return forever(process);
  };

describe('limits of processes', () => {
  it('KER-40: a fork bomb meets the limit of its container, and neighbours can still fork', async () => {
    const test = new TestKernel({ real: true });
    let refused = 0;
    const bomb: Program = async (process) => {
      for (;;) {
        try {
          process.spawn({ argv: ['bomb'], program: bomb });
        } catch (error) {
          expect(error).toMatchObject({ code: 'EAGAIN' });
          refused++;
        }
        await process.sleep(1);
      }
    };
    test.start(bomb);
    await expect.poll(() => refused).toBeGreaterThan(PIDS_MAX);
    expect(test.container.cgroup.members.size).toBe(PIDS_MAX);
    const neighbour = new TestKernel({ real: true, kernel: test.kernel });
    const parent = neighbour.start(async (process) => {
      const status = await process.spawn({ argv: ['a'], program: async () => 3 }).wait();
      return 'code' in status ? status.code : 1;
    });
    expect(await parent.wait()).toEqual({ code: 3 });
    test.container.first?.deliver('KILL', true);
    expect(test.container.cgroup.members.size).toBe(0);
  });

  it('KER-41: endless reading and writing leaves the event loop to others, and ends by KILL', async () => {
    const test = new TestKernel({ real: true });
    test.start(forever);
    const copy = test.exec(async (process) => {
      process.fds.set(0, process.open('/dev/zero'));
      process.fds.set(1, process.open('/dev/null'));
      for await (const bytes of process.stdin) await process.print(bytes);
      return 0;
    });
    const { reader, writer } = makePipe();
    const yes = test.exec(async (process) => {
      process.fds.set(1, writer);
      for (;;) await process.print('y\n'.repeat(1000));
    });
    const neighbour = new TestKernel({ real: true, kernel: test.kernel });
    expect(await neighbour.start(async (process) => process.sleep(20).then(() => 4)).wait()).toEqual({ code: 4 });
    for (const process of [copy, yes]) process.deliver('KILL');
    expect([copy.status, yes.status]).toEqual([{ signal: 'KILL' }, { signal: 'KILL' }]);
    expect((await reader.read())?.length).toBeGreaterThan(0);
  });
});

describe('shares of the processor', () => {
  /** Containers with their limits in millicores compute for `ms`; answers with what each has used. */
  async function used(ms: number, ...limits: readonly (number | undefined)[]): Promise<number[]> {
    const clock = new ClusterClock(new ComputingClock(0.5), constantTimeline(1));
    const kernel = new NodeKernel(clock, seededRandom(1));
    const containers = limits.map((cpu) => {
      const test = new TestKernel({ kernel, limits: { cpu } });
      test.start(busy);
      return test.container;
    });
    await expect.poll(() => clock.real.now(), { interval: 1, timeout: 10_000 }).toBeGreaterThan(ms);
    const figures = containers.map(({ cgroup }) => cgroup.cpu.used / clock.real.now());
    for (const { first } of containers) first?.deliver('KILL', true);
    return figures;
  }

  it('KER-42: guests that compute share half of a processor evenly', async () => {
    const [a = 0, b = 0] = await used(5000, undefined, undefined);
    expect(a + b).toBeLessThan(0.6);
    expect(a + b).toBeGreaterThan(0.3);
    expect(Math.abs(a - b)).toBeLessThan(0.05);
  });

  it('KER-42: however many processes one container has, another gets its share', async () => {
    const clock = new ClusterClock(new ComputingClock(0.5), constantTimeline(1));
    const kernel = new NodeKernel(clock, seededRandom(1));
    const many = new TestKernel({ kernel });
    many.start(forever);
    for (let i = 0; i < 50; i++) many.exec(busy);
    const one = new TestKernel({ kernel });
    one.start(busy);
    await expect.poll(() => clock.real.now(), { interval: 1, timeout: 10_000 }).toBeGreaterThan(5000);
    expect(one.container.cgroup.cpu.used).toBeGreaterThan(many.container.cgroup.cpu.used * 0.7);
    for (const { container } of [many, one]) container.first?.deliver('KILL', true);
  });

  it('KER-43: a limit keeps a container at its part', async () => {
    const [limited = 0, free = 0] = await used(10_000, 100, undefined);
    expect(limited).toBeLessThan(0.12);
    expect(limited).toBeGreaterThan(0.05);
    expect(free).toBeGreaterThan(limited * 2);
  });
});

describe('memory', () => {
  it('KER-44: over its limit all of a container is killed', async () => {
    const test = new TestKernel({ limits: { memory: 10 * MIB } });
    const first = test.start(forever);
    const ended = first.wait();
    const other = test.exec(takes(9 * MIB));
    await expect.poll(() => test.container.cgroup.memory.used).toBeGreaterThan(9 * MIB);
    const hog = test.exec(takes(2 * MIB));
    expect(await ended).toEqual({ signal: 'KILL' });
    expect([other.status, hog.status]).toEqual([{ signal: 'KILL' }, { signal: 'KILL' }]);
    expect(test.container.oomKilled).toBe(true);
    expect([test.container.cgroup.memory.used, test.kernel.memory.used]).toEqual([0, 0]);
  });

  it('KER-45: a container that takes too much of the real memory loses the process that takes most', async () => {
    const test = new TestKernel();
    const first = test.start(forever);
    const small = test.exec(takes(MIB));
    const big = test.exec(takes(HEAP_BYTES - 2 * MIB));
    await expect.poll(() => big.memoryUsed).toBeGreaterThan(MIB);
    const last = test.exec(takes(4 * MIB));
    await expect.poll(() => big.status).toEqual({ signal: 'KILL' });
    expect([first.state, small.state, last.state]).toEqual(['running', 'running', 'running']);
  });

  it('KER-45: doubling without end is stopped at the charge that is too much', async () => {
    const test = new TestKernel();
    test.start(forever);
    let largest = 0;
    const doubling = test.exec(async (process) => {
      for (let bytes = 1024; ; bytes *= 2) {
        process.memory.charge(bytes);
        largest = bytes;
      }
    });
    expect(await doubling.wait()).toEqual({ signal: 'KILL' });
    expect(largest).toBeLessThanOrEqual(HEAP_BYTES);
    expect(test.container.cgroup.memory.used).toBe(0);
  });

  it('KER-46: what is emulated alone counts for the limit, not for the real memory', async () => {
    const test = new TestKernel({ limits: { memory: 1024 * MIB } });
    const first = test.start(forever);
    const hog = test.exec(takes(900 * MIB, 'emulated'));
    await expect.poll(() => hog.memoryUsed).toBeGreaterThan(900 * MIB);
    expect(first.state).toBe('running');
    test.exec(takes(200 * MIB, 'emulated'));
    await expect.poll(() => first.status).toEqual({ signal: 'KILL' });
  });

  it('KER-47: all containers of a machine together keep within its part of the real memory', async () => {
    const first = new TestKernel();
    const all = [first, ...Array.from({ length: 5 }, () => new TestKernel({ kernel: first.kernel }))];
    for (const { container } of all) expect(container.first).toBeUndefined();
    const hogs = all.map((test) => {
      test.start(forever);
      return test.exec(takes(HEAP_BYTES - MIB));
    });
    await expect.poll(() => hogs.filter(({ status }) => status !== undefined).length).toBe(2);
    expect(first.kernel.memory.used).toBeLessThanOrEqual(NODE_HEAP_BYTES);
  });

  it('KER-48: a lower limit counts at once', async () => {
    const test = new TestKernel();
    const first = test.start(forever);
    const process = test.exec(takes(10 * MIB));
    await expect.poll(() => process.memoryUsed).toBeGreaterThan(10 * MIB);
    test.container.cgroup.setLimits({ memory: 5 * MIB });
    expect([process.status, first.status]).toEqual([{ signal: 'KILL' }, { signal: 'KILL' }]);
  });
});
