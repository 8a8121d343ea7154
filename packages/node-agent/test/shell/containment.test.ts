import { describe, expect, it } from 'vitest';
import { type RunningContainer, TestContainers } from '../support/test-container.ts';

/** What the heap may grow by while a hostile script runs. */
const HEAP_GROWTH_BYTES = 200 * 1024 * 1024;

interface Pair {
  readonly hostile: RunningContainer;
  readonly neighbour: RunningContainer;
}

/** A script, and a container on the same machine that should not notice. */
async function beside(script: string): Promise<Pair> {
  const containers = new TestContainers();
  const neighbour = await containers.start('busybox', { stdin: true });
  const hostile = await containers.start('busybox', { name: 'hostile', command: ['sh', '-c', script] });
  return { hostile, neighbour };
}

async function end({ hostile, neighbour }: Pair): Promise<void> {
  await hostile.runtime.stopContainer(hostile.id, 0);
  await neighbour.runtime.stopContainer(neighbour.id, 0);
}

describe('hostile scripts', () => {
  it.each([
    ['a fork bomb', ':(){ :|:& };:; sleep 100000'],
    ['an endless loop', 'while :; do :; done'],
    ['endless output', 'yes'],
    ['endless output that is thrown away', 'yes > /dev/null'],
    ['an endless file', 'cat /dev/zero > /dev/null'],
    ['an endless pipe', 'cat /dev/zero | cat | cat > /dev/null'],
    ['endless substitution', 'while :; do x=$(echo y); done'],
    ['endless background jobs', 'while :; do true & done'],
  ])('KER-49: %s is contained, and its neighbour does not notice', async (_name, script) => {
    const before = process.memoryUsage().heapUsed;
    const pair = await beside(script);
    for (let i = 0; i < 3; i++) {
      expect(await pair.neighbour.exec(['sh', '-c', 'echo here | cat'])).toEqual({ code: 0, out: 'here\n', err: '' });
    }
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(HEAP_GROWTH_BYTES);
    await end(pair);
    expect(pair.hostile.record).toMatchObject({ state: 'exited', exitCode: 137 });
  });

  it('KER-49: a variable that doubles without end ends the shell that holds it', async () => {
    const pair = await beside('x=xxxxxxxx; while :; do x=$x$x; done');
    expect(await pair.hostile.exit()).toBe(137);
    expect(pair.hostile.record?.reason).toBe('OOMKilled');
    await end(pair);
  });

  it('KER-49: recursion without end ends the shell, not the agent', async () => {
    const pair = await beside('f() { f; }; f');
    expect(await pair.hostile.exit()).toBeGreaterThan(0);
    expect(await pair.neighbour.exec(['echo', 'here'])).toMatchObject({ out: 'here\n' });
    await end(pair);
  });

  it('KER-49: a file that grows without end meets the end of its disk', async () => {
    const pair = await beside('cat /dev/zero > /tmp/f; yes > /tmp/g; sleep 100000');
    await expect
      .poll(() => pair.hostile.log(), { timeout: 20_000 })
      .toMatch(/No space left on device\n.*No space left on device\n/s);
    await end(pair);
  });
});
