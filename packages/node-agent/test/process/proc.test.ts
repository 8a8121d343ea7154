import { describe, expect, it } from 'vitest';
import { decodeText } from '../../src/runtime/filesystem/nodes.ts';
import { ROOT, type RunningContainer, TestContainers } from '../support/test-container.ts';

/** A file as a process of the container reads it. */
function read(container: RunningContainer, path: string, pid = 1): string {
  const files = container.kernel.process(pid)?.fileSystem();
  return decodeText(files?.readFile(path) ?? new Uint8Array());
}

function rows(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/:\s*/, 2) as [string, string]),
  );
}

describe('/proc', () => {
  it('KER-50: shows the processes of the namespace, as proc(5) says', async () => {
    const nginx = await new TestContainers().start('nginx', { env: [{ name: 'A', value: 'b' }] });
    const files = nginx.kernel.process(1)?.fileSystem();
    expect(files?.list('/proc').filter((name) => /^\d+$/.test(name))).toEqual(['1', '29', '30']);
    expect(read(nginx, '/proc/1/cmdline')).toBe('nginx: master process nginx -g daemon off;');
    expect(read(nginx, '/proc/1/comm')).toBe('nginx\n');
    expect(read(nginx, '/proc/1/environ')).toContain('A=b\0');
    expect(read(nginx, '/proc/29/stat')).toMatch(
      /^29 \(nginx\) S 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 \d+ \d+ \d+ 18/,
    );
    expect(rows(read(nginx, '/proc/30/status'))).toMatchObject({
      Name: 'nginx',
      State: 'S (sleeping)',
      Pid: '30',
      PPid: '1',
      Uid: '101\t101\t101\t101',
      CapEff: '0000000000000000',
      CapBnd: '00000000a80425fb',
    });
  });

  it('KER-51: /proc/self is whoever looks', async () => {
    const nginx = await new TestContainers().start('nginx');
    expect(read(nginx, '/proc/self/comm', 29)).toBe('nginx\n');
    expect(rows(read(nginx, '/proc/self/status', 29))['Pid']).toBe('29');
    expect(rows(read(nginx, '/proc/self/status', 1))['Pid']).toBe('1');
    expect(nginx.kernel.process(30)?.fileSystem().readLink('/proc/self')).toBe('30');
  });

  it('KER-52: descriptors are links that lead to the open file', async () => {
    const nginx = await new TestContainers().start('nginx');
    const worker = nginx.kernel.process(29);
    const files = worker?.fileSystem();
    expect(files?.list('/proc/29/fd')).toEqual(['0', '1', '2']);
    expect(files?.readLink('/proc/29/fd/0')).toBe('/dev/null');
    expect(() => files?.writeFile('/proc/1/fd/1', Buffer.from('x'))).toThrow('EACCES');
    nginx.kernel.process(1)?.fileSystem().writeFile('/proc/1/fd/1', Buffer.from('by a path\n'));
    worker?.fileSystem().writeFile('/dev/stderr', Buffer.from('by a device\n'));
    await expect.poll(() => nginx.log()).toMatch(/by a path\nby a device\n$/);
  });

  it('KER-53: what a process may do is in its status', async () => {
    const capabilities = async (security: Partial<typeof ROOT>) => {
      const nginx = await new TestContainers().start('nginx', { security: { ...ROOT, ...security } });
      const { CapEff, CapBnd, NoNewPrivs } = rows(read(nginx, '/proc/1/status'));
      return [CapEff, CapBnd, NoNewPrivs];
    };
    expect(await capabilities({})).toEqual(['00000000a80425fb', '00000000a80425fb', '0']);
    expect(await capabilities({ privileged: true })).toEqual(['000001ffffffffff', '000001ffffffffff', '0']);
    expect(await capabilities({ droppedCapabilities: ['ALL'], addedCapabilities: ['NET_BIND_SERVICE'] })).toEqual([
      '0000000000000400',
      '0000000000000400',
      '0',
    ]);
    expect(await capabilities({ uid: 1000, addedCapabilities: ['SYS_TIME'], allowPrivilegeEscalation: false })).toEqual(
      ['0000000000000000', '00000000aa0425fb', '1'],
    );
  });

  it('KER-54: the machine is the emulated one; kernel parameters are what the Pod set', async () => {
    const sysctls = { 'kernel.shm_rmid_forced': '1' };
    const nginx = await new TestContainers().start('nginx', {}, { sysctls });
    expect(read(nginx, '/proc/meminfo')).toMatch(/^MemTotal: {7}16777216 kB\nMemFree: /);
    expect(read(nginx, '/proc/cpuinfo').match(/^processor/gm)).toHaveLength(4);
    expect(read(nginx, '/proc/uptime')).toMatch(/^\d+\.\d\d \d+\.\d\d\n$/);
    expect(read(nginx, '/proc/loadavg')).toMatch(/^0\.00 0\.00 0\.00 1\/3 3\n$/);
    expect(read(nginx, '/proc/mounts')).toMatch(/^overlay \/ overlay rw/);
    expect(read(nginx, '/proc/sys/kernel/shm_rmid_forced')).toBe('1\n');
    expect(read(nginx, '/proc/sys/kernel/hostname')).toBe('pod\n');
  });

  it('KER-55: /sys/fs/cgroup tells what a container may use and uses', async () => {
    const nginx = await new TestContainers().start('nginx', {
      resources: { cpuLimit: 500, cpuRequest: 250, memoryLimit: 64 * 1024 * 1024 },
    });
    const value = (name: string): string => read(nginx, `/sys/fs/cgroup/${name}`);
    expect(value('cpu.max')).toBe('50000 100000\n');
    expect(value('cpu.weight')).toBe('10\n');
    expect(value('memory.max')).toBe('67108864\n');
    expect(Number(value('memory.current'))).toBeGreaterThan(0);
    expect(value('pids.max')).toBe('512\n');
    expect(value('pids.current')).toBe('3\n');
    await nginx.runtime.updateContainer(nginx.id, {});
    expect([value('cpu.max'), value('memory.max')]).toEqual(['max 100000\n', 'max\n']);
    expect(() => read(nginx, '/sys/fs/cgroup/nope')).toThrow('ENOENT');
  });
});
