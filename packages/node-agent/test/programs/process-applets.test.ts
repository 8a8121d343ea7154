import { describe, expect, it } from 'vitest';
import type { RunningContainer } from '../support/test-container.ts';
import { TestContainers } from '../support/test-container.ts';

async function busybox(): Promise<RunningContainer> {
  return new TestContainers().start('busybox', { stdin: true });
}

async function out(container: RunningContainer, ...command: string[]): Promise<string> {
  return (await container.exec(command)).out;
}

describe('applets that look at processes', () => {
  it('KER-60: ps prints what busybox prints', async () => {
    const container = await busybox();
    expect(await out(container, 'ps')).toBe(
      'PID   USER     TIME  COMMAND\n    1 root      0:00 sh\n    7 root      0:00 ps\n',
    );
    expect(await out(container, 'ps', '-o', 'pid,ppid,stat,comm')).toBe(
      'PID   PPID  STAT COMMAND\n    1     0 Ss   sh\n   13     0 Rs   ps\n',
    );
    expect(await out(container, 'ps', '-o', 'pid=,args=')).toMatch(/^ {4}1 sh\n/);
    expect(await container.exec(['ps', '-o', 'nope'])).toEqual({
      code: 1,
      out: '',
      err: "ps: bad -o argument 'nope'\n",
    });
  });

  it('KER-60: ps shows the Pod with a shared namespace', async () => {
    const containers = new TestContainers();
    const pod = await containers.sandbox({ processNamespace: 'pod' });
    await containers.startIn(pod, 'nginx');
    const shell = await containers.startIn(pod, 'busybox', { name: 'shell', stdin: true });
    expect(await out(shell, 'ps')).toBe(
      [
        'PID   USER     TIME  COMMAND',
        '    1 65535     0:00 /pause',
        '    7 root      0:00 nginx: master process nginx -g daemon off;',
        '   35 101       0:00 nginx: worker process',
        '   36 101       0:00 nginx: worker process',
        '   42 root      0:00 sh',
        '   48 root      0:00 ps',
        '',
      ].join('\n'),
    );
  });

  it('KER-61: ps in Debian images is the one of procps', async () => {
    const nginx = await new TestContainers().start('nginx');
    expect(await out(nginx, 'ps', '-ef')).toMatch(
      /^UID {10}PID {4}PPID {2}C STIME TTY {10}TIME CMD\nroot {11}1 {7}0 {2}0 \d\d:\d\d \? {8}00:00:00 nginx: master/,
    );
    expect(await out(nginx, 'ps', 'aux')).toMatch(
      /^USER {9}PID %CPU %MEM {4}VSZ {3}RSS TTY {6}STAT START {3}TIME COMMAND\nroot {11}1 {2}0\.0 {2}0\.0 {3}4400 {2}1024 \? {8}Ss {3}\d\d:\d\d {3}0:00 nginx: master/,
    );
  });

  it('KER-62: kill sends signals and says what it cannot', async () => {
    const nginx = await new TestContainers().start('nginx');
    expect(nginx.kernel.process(29)?.state).toBe('running');
    expect(await nginx.exec(['kill', '29', '4242'])).toEqual({
      code: 1,
      out: '',
      err: "kill: can't kill pid 4242: No such process\n",
    });
    await expect.poll(() => nginx.kernel.process(29)).toBeUndefined();
    expect(await nginx.exec(['kill', '-0', '30'])).toMatchObject({ code: 0 });
    expect(await nginx.exec(['kill', '-9', '1'])).toMatchObject({ code: 0 });
    expect(nginx.kernel.process(1)?.state).toBe('running');
    expect(await nginx.exec(['kill', '-NOPE', '1'])).toMatchObject({ code: 1, err: "kill: bad signal name 'NOPE'\n" });
    expect(await out(nginx, 'kill', '-l', '9', 'TERM', '137')).toBe('KILL\n15\nKILL\n');
  });

  it('KER-63: pgrep, pkill, pidof and killall find by name, by command line, by parent', async () => {
    const nginx = await new TestContainers().start('nginx');
    expect(await out(nginx, 'pgrep', 'nginx')).toBe('1\n29\n30\n');
    expect(await out(nginx, 'pgrep', '-f', 'worker')).toBe('29\n30\n');
    expect(await out(nginx, 'pgrep', '-P', '1', '-n', '-a')).toBe('30 nginx: worker process\n');
    expect(await nginx.exec(['pgrep', 'nope'])).toEqual({ code: 1, out: '', err: '' });
    expect(await nginx.exec(['pgrep', '('])).toMatchObject({ code: 2 });
    expect(await out(nginx, 'pidof', 'nginx')).toBe('1 29 30\n');
    expect(await out(nginx, 'pidof', '-s', 'nginx')).toBe('1\n');
    expect(await nginx.exec(['killall', 'nope'])).toMatchObject({ code: 1, err: 'killall: nope: no process killed\n' });
    expect(await nginx.exec(['pkill', '-KILL', '-f', 'worker'])).toMatchObject({ code: 0 });
    await expect.poll(() => out(nginx, 'pgrep', '-f', 'worker')).not.toMatch(/^29$/m);
    expect(await nginx.exec(['pkill', '-QUIT', '-o', 'nginx'])).toMatchObject({ code: 0 });
    expect(await nginx.exit()).toBe(0);
  });

  it('KER-64: nice, renice, nohup and setsid change what a process starts with', async () => {
    const container = await busybox();
    expect(await out(container, 'nice')).toBe('0\n');
    expect(await out(container, 'nice', '-n', '5', 'nice')).toBe('5\n');
    expect(await out(container, 'nice', 'nohup', 'nice')).toBe('10\n');
    expect(await container.exec(['nice', 'nope'])).toMatchObject({
      code: 127,
      err: "nice: can't execute 'nope': No such file or directory\n",
    });
    expect(await container.exec(['renice', '7', '1'])).toMatchObject({ code: 0 });
    expect(container.kernel.process(1)?.nice).toBe(7);
    expect(await out(container, 'setsid', '-w', 'ps', '-o', 'pid,sid,comm')).toMatch(/^ +(\d+) +\1 ps$/m);
  });

  it('KER-65: top, free, uptime, nproc and sysctl tell of the machine', async () => {
    const container = await busybox();
    expect(await out(container, 'top', '-b', '-n', '1')).toMatch(
      /^Mem: \d+K used, \d+K free, 0K shrd, 0K buff, 0K cached\nCPU: +\d+% usr.*\nLoad average: 0\.00 0\.00 0\.00 1\/2 2\n {2}PID {2}PPID USER.*\n {4}1 {5}0 root {5}S {5}4400 {3}0% {3}0 {3}0% sh\n/,
    );
    expect(await out(container, 'free', '-m')).toMatch(/^ {14}total.*\nMem: {10}16384 .*\nSwap: {13}0 {11}0 {11}0\n$/);
    expect(await out(container, 'uptime')).toMatch(/^ \d\d:\d\d:\d\d up .*, {2}load average: 0\.00, 0\.00, 0\.00\n$/);
    expect(await out(container, 'nproc')).toBe('4\n');
    expect(await out(container, 'sysctl', 'kernel.ostype')).toBe('kernel.ostype = Linux\n');
    expect(await container.exec(['sysctl', 'no.such'])).toMatchObject({ code: 1 });
  });

  it('KER-66: tty and stty speak of the terminal on standard input', async () => {
    const container = await busybox();
    expect(await container.exec(['tty'])).toEqual({ code: 1, out: 'not a tty\n', err: '' });
    const run = async (...command: string[]): Promise<string> => {
      const session = await container.runtime.exec(container.id, { command, stdin: true, tty: true });
      session.resize(100, 30);
      let shown = '';
      for await (const { bytes } of session.output) shown += Buffer.from(bytes).toString();
      return shown;
    };
    expect(await run('tty')).toMatch(/^\/dev\/pts\/\d\r\n$/);
    expect(await run('stty', 'size')).toBe('30 100\r\n');
    expect(await run('stty', '-a')).toContain('speed 38400 baud; rows 30; columns 100;\r\n');
    expect(await run('stty', '-echo', 'raw', '-a')).toContain("invalid argument '-a'");
  });
});
