/**
 * Scripts as processes: pipes that flow, signals, traps, limits, commands from standard input.
 */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ContainerConfig } from '../../src/runtime/container-runtime.ts';
import { type RunningContainer, TestContainers } from '../support/test-container.ts';

function run(script: string, config: Partial<ContainerConfig> = {}): Promise<RunningContainer> {
  return new TestContainers().start('busybox', { command: ['sh', '-c', script], ...config });
}

/** Resolves when the log holds a text. */
async function logged(container: RunningContainer, text: string): Promise<void> {
  const log = container.runtime.log(container.id);
  while (!container.log().includes(text)) {
    await new Promise<void>((resolve) => {
      const stop = log?.onLine(() => {
        stop?.();
        resolve();
      });
      if (container.log().includes(text)) resolve();
    });
  }
}

describe('scripts as processes', () => {
  it('SH-2: what goes through a pipeline comes out while it runs', async () => {
    const container = await run(
      'while true; do echo tick; sleep 1; done | cat | grep --line-buffered tick | sed s/tick/tock/ | tee /tmp/f',
    );
    await logged(container, 'tock\ntock\n');
    expect((await container.exec(['head', '-n', '1', '/tmp/f'])).out).toBe('tock\n');
  });

  it('SH-2: an endless writer ends when nobody reads', async () => {
    const container = await run('yes | head -n 3; yes x | while read a; do echo $a; break; done; echo end');
    expect(await container.exit()).toBe(0);
    expect(container.log()).toBe('y\ny\ny\nx\nend\n');
  });

  it('SH-3: who writes without end waits for a slow reader, and takes no memory for it', async () => {
    const container = await run('yes | { sleep 300; head -n 1; }', { resources: { memoryLimit: 1024 * 1024 } });
    expect(await container.exit()).toBe(0);
    expect(container.log()).toBe('y\n');
  });

  it('SH-16: gzip, gunzip and zcat print bytes as they are', async () => {
    const container = await run(
      'echo aOkKw6kA | base64 -d >/tmp/in; gzip -c /tmp/in >/tmp/in.gz; ' +
        'sha256sum </tmp/in; gunzip </tmp/in.gz | sha256sum; gzip </tmp/in | zcat | sha256sum',
    );
    expect(await container.exit()).toBe(0);
    const sum = createHash('sha256').update(Buffer.from('68e90ac3a900', 'hex')).digest('hex');
    expect(container.log()).toBe(`${sum}  -\n`.repeat(3));
  });

  it('SH-13: tail -f prints what is added, through a filter', async () => {
    const container = await run('echo one >/tmp/log; tail -f /tmp/log | grep o');
    await logged(container, 'one\n');
    await container.exec(['sh', '-c', 'echo two >>/tmp/log; echo three >>/tmp/log; echo four >>/tmp/log']);
    await logged(container, 'four\n');
    expect(container.log()).toBe('one\ntwo\nfour\n');
  });

  it('SH-4: a variable that only grows meets the memory limit', async () => {
    const container = await run('x=aaaaaaaa; while :; do x=$x$x; done', {
      resources: { memoryLimit: 8 * 1024 * 1024 },
    });
    expect(await container.exit()).toBe(137);
  });

  it('SH-4: functions that call themselves for ever end with an error', async () => {
    const container = await run('f() { f; }; f; echo no');
    expect(await container.exit()).toBe(1);
    expect(container.log()).toContain('maximum function nesting level exceeded');
  });

  it('SH-4: nesting without end is refused by the parser', async () => {
    const container = await run('sleep 100000');
    const result = await container.exec(['sh', '-c', `${'('.repeat(5000)}:${')'.repeat(5000)}`]);
    expect(result.code).toBe(2);
  });

  it('SH-5: a trap waits for the command in the foreground', async () => {
    const container = await run('trap "echo trapped" USR1; { kill -USR1 $$; echo killed; } & sleep 300; echo slept');
    expect(await container.exit()).toBe(0);
    expect(container.log()).toBe('killed\ntrapped\nslept\n');
  });

  it('SH-5: a trap interrupts wait, and ends the first process', async () => {
    const container = await run('trap "echo bye; exit 7" TERM; sleep 1000000 & echo ready; wait');
    await logged(container, 'ready');
    await container.runtime.stopContainer(container.id, 30_000);
    expect(await container.exit()).toBe(7);
    expect(container.log()).toBe('ready\nbye\n');
  });

  it('SH-6: exec and the last command take the place of the shell', async () => {
    const container = await run('echo start; exec sleep infinity');
    await logged(container, 'start');
    expect((await container.exec(['sh', '-c', "tr '\\0' ' ' </proc/1/cmdline"])).out).toBe('sleep infinity ');
    const last = await run('true; sleep infinity');
    expect((await last.exec(['sh', '-c', "tr '\\0' ' ' </proc/1/cmdline"])).out).toBe('sleep infinity ');
  });

  it('SH-7: commands come from standard input, and read takes what follows', async () => {
    const container = await run('sleep infinity');
    const script =
      'x=1\nread y\nthe line\necho "$x $y"\nif true\nthen\n  cat <<EOF\ndoc $x\nEOF\nfi\nexit 4\necho no\n';
    expect(await container.exec(['sh'], script)).toEqual({ code: 4, out: '1 the line\ndoc 1\n', err: '' });
    expect(await container.exec(['sh', '-s', 'arg'], 'echo $1\n')).toMatchObject({ code: 0, out: 'arg\n' });
  });

  it('SH-11: a pattern made to be slow is not', async () => {
    const container = await run('sleep infinity');
    const text = 'a'.repeat(2000);
    const script = `x=${text}; case $x in *a*a*a*a*a*a*a*a*a*b) echo no;; *) echo ok;; esac; echo $x | grep -E '(a+)+$b' || echo none`;
    expect((await container.exec(['sh', '-c', script])).out).toBe('ok\nnone\n');
  });

  it('SH-12: busybox has no bash', async () => {
    const container = await run('sleep infinity');
    expect(await container.exec(['sh', '-c', 'bash -c true'])).toMatchObject({
      code: 127,
      err: 'sh: bash: not found\n',
    });
    await expect(container.exec(['bash'])).rejects.toThrow('exec: "bash": executable file not found in $PATH');
  });

  it('SH-12: permissions hold for users other than root', async () => {
    const container = await run('sleep infinity', {
      security: {
        uid: 1000,
        gid: 1000,
        groups: [1000],
        privileged: false,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: false,
        addedCapabilities: [],
        droppedCapabilities: [],
      },
    });
    expect(await container.exec(['touch', '/etc/x'])).toMatchObject({
      code: 1,
      err: 'touch: /etc/x: Permission denied\n',
    });
    expect(await container.exec(['sh', '-c', 'echo a >/etc/x'])).toMatchObject({
      code: 1,
      err: "sh: can't create /etc/x: Permission denied\n",
    });
    expect((await container.exec(['id', '-u'])).out).toBe('1000\n');
  });
});
