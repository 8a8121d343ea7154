import { describe, expect, it } from 'vitest';
import { PIDS_MAX } from '../../src/runtime/process/cgroup.ts';
import { ProcessEnded, type Program } from '../../src/runtime/process/process-context.ts';
import type { RunningContainer } from '../support/test-container.ts';
import { TestContainers } from '../support/test-container.ts';

describe('PID namespaces', () => {
  it('KER-7: of a Pod: pause is the first process, containers see each other', async () => {
    const containers = new TestContainers();
    const pod = await containers.sandbox({ processNamespace: 'pod' });
    const nginx = await containers.startIn(pod, 'nginx');
    const shell = await containers.startIn(pod, 'busybox', { name: 'shell', stdin: true });
    expect(rows(shell)).toEqual([
      '1 0 65535 /pause',
      '7 0 0 nginx: master process nginx -g daemon off;',
      '35 7 101 nginx: worker process',
      '36 7 101 nginx: worker process',
      '42 0 0 sh',
    ]);
    expect(nginx.log()).toContain('start worker process 35\n');
    // Another container's main process is not protected; its end does not end the others.
    kill(shell, 7);
    expect(await nginx.exit()).toBe(137);
    expect(rows(shell)).toEqual(['1 0 65535 /pause', '42 0 0 sh']);
    expect(shell.record?.state).toBe('running');
  });

  it('KER-7: of a Pod end with its first process', async () => {
    const containers = new TestContainers();
    const pod = await containers.sandbox({ processNamespace: 'pod' });
    const nginx = await containers.startIn(pod, 'nginx');
    nginx.kernel.process(1)?.deliver('KILL', true);
    expect(await nginx.exit()).toBe(137);
    await expect.poll(() => containers.runtime.sandboxes('pod-1')[0]?.state).toBe('not-ready');
  });

  it('KER-8: of a container are joined by a container that targets it', async () => {
    const containers = new TestContainers();
    const pod = await containers.sandbox({});
    const nginx = await containers.startIn(pod, 'nginx');
    const other = await containers.startIn(pod, 'busybox', { name: 'other', stdin: true });
    expect(rows(other)).toEqual(['1 0 0 sh']);
    const debug = await containers.startIn(pod, 'busybox', { name: 'd', stdin: true, targetContainerId: nginx.id });
    expect(rows(debug)).toEqual([
      '1 0 0 nginx: master process nginx -g daemon off;',
      '29 1 101 nginx: worker process',
      '30 1 101 nginx: worker process',
      '36 0 0 sh',
    ]);
    nginx.kernel.process(1)?.deliver('KILL', true);
    expect(await debug.exit()).toBe(137);
  });

  it('KER-9: nginx starts another worker for one that was killed', async () => {
    const nginx = await new TestContainers().start('nginx');
    expect(rows(nginx)).toHaveLength(3);
    kill(nginx, 30);
    await expect.poll(() => nginx.log()).toContain('start worker process 31\n');
    expect(nginx.log()).toMatch(/\[alert\] 1#1: worker process 30 exited on signal 9\n/);
    expect(rows(nginx).at(-1)).toBe('31 1 101 nginx: worker process');
  });
});

describe('processes of containers', () => {
  it('KER-40: a command in a container that has all its processes is refused in the words of the runtime', async () => {
    const nginx = await new TestContainers().start('nginx');
    const master = nginx.kernel.process(1);
    const idle: Program = () => new Promise(() => {});
    while (nginx.kernel.processes().length < PIDS_MAX) void master?.spawn({ argv: ['x'], program: idle }).wait();
    await expect(nginx.exec(['ps'])).rejects.toMatchObject({
      name: 'RuntimeError',
      code: 'exec',
      message: expect.stringMatching(/fork\/exec \/proc\/self\/exe: resource temporarily unavailable: unknown$/),
    });
    nginx.kernel.process(100)?.deliver('KILL');
    await expect.poll(() => nginx.kernel.process(100)).toBeUndefined();
    expect((await nginx.exec(['kill', '-0', '1'])).code).toBe(0);
  });
});

describe('memory of containers', () => {
  it('KER-44: the status of a container that used too much says OOMKilled', async () => {
    const nginx = await new TestContainers().start('nginx', { resources: { memoryLimit: 10_000_000 } });
    expect(() => nginx.kernel.process(1)?.memory.charge(11_000_000)).toThrow(ProcessEnded);
    expect(await nginx.exit()).toBe(137);
    expect(nginx.record?.reason).toBe('OOMKilled');
  });

  it('KER-48: a limit that is lowered counts at once', async () => {
    const nginx = await new TestContainers().start('nginx');
    nginx.kernel.process(1)?.memory.charge(11_000_000);
    await nginx.runtime.updateContainer(nginx.id, { memoryLimit: 10_000_000 });
    expect(await nginx.exit()).toBe(137);
  });
});

function rows(container: RunningContainer): string[] {
  return container.kernel
    .processes()
    .map(({ pid, ppid, credentials, title }) => `${pid} ${ppid} ${credentials.uid} ${title}`);
}

function kill(container: RunningContainer, pid: number): void {
  container.kernel.process(pid)?.deliver('KILL');
}
