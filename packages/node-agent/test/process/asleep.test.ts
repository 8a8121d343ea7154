import { describe, expect, it } from 'vitest';
import { TestContainers } from '../support/test-container.ts';

const PAUSE = 'registry.k8s.io/pause:3.10';
const UNKNOWN = 'example.com/unknown:1';

describe('KER-80: a container whose program only waits is not made before somebody looks', () => {
  it('runs, and is there when it is entered', async () => {
    const containers = new TestContainers();
    const { runtime, id } = await containers.start(UNKNOWN);
    expect(runtime.container(id)).toMatchObject({ state: 'running' });
    expect(runtime.isEntered(id)).toBe(false);
    const session = await runtime.exec(id, { command: ['sh', '-c', 'echo here'], stdin: false, tty: false });
    let output = '';
    for await (const { bytes } of session.output) output += new TextDecoder().decode(bytes);
    expect([output, await session.exitCode]).toEqual(['here\n', 0]);
    expect(
      runtime
        .processes(id)
        .processes()
        .map(({ pid }) => pid),
    ).toContain(1);
  });

  it('ends as its program says, and its log has the last words', async () => {
    const containers = new TestContainers();
    const { runtime, id } = await containers.start(PAUSE);
    await runtime.stopContainer(id, 30_000);
    expect(runtime.container(id)).toMatchObject({ state: 'exited', exitCode: 0, reason: 'Completed' });
    const lines = runtime.log(id)?.lines() ?? [];
    expect(lines.map(({ text }) => new TextDecoder().decode(text))).toEqual(['Shutting down, got signal: Terminated']);
  });

  it('a command that does not exist still fails to start', async () => {
    const containers = new TestContainers();
    const failed = containers.start(PAUSE, { command: ['/nothing'] });
    await expect(failed).rejects.toThrow('exec: "/nothing": stat /nothing: no such file or directory');
  });
});
