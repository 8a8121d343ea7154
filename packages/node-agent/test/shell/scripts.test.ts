import { describe, expect, it } from 'vitest';
import { TestContainers } from '../support/test-container.ts';

function run(script: string) {
  return new TestContainers().start('busybox', { command: ['sh', '-c', script] });
}

describe('scripts of containers', () => {
  it('NA-40: prints to the log while it runs, sleeping in cluster time', async () => {
    const container = await run('echo one; sleep 60; echo two >&2; exit 3');
    await expect.poll(() => container.log()).toContain('one\n');
    expect(container.record?.state).toBe('running');
    expect(await container.exit()).toBe(3);
    expect(container.log()).toBe('one\ntwo\n');
    expect(container.record?.reason).toBe('Error');
  });

  it('NA-41: arithmetic, variables, conditions and arguments', async () => {
    const containers = new TestContainers();
    const container = await containers.start('busybox', {
      command: [
        'sh',
        '-c',
        'echo $((355 * 100000 / 113)) $GREETING "$1"; [[ -e /etc/passwd ]] && echo yes',
        'sh',
        "it's",
      ],
      env: [{ name: 'GREETING', value: 'hello' }],
    });
    expect(await container.exit()).toBe(0);
    expect(container.log()).toBe("314159 hello it's\nyes\n");
  });

  it('NA-50: pipes, substitutions, functions and loops print what they should, in order', async () => {
    const container = await run(
      [
        'x=$(echo hi | tr a-z A-Z); echo "[$x] $(pwd)"',
        'f() { echo "in f $1"; for i in 1 2; do echo "$i"; done; }',
        'f a; y=$(f b); echo "y=$y" | head -1',
        'if true; then echo yes; else echo no; fi; { echo group; } 2>&1; (echo sub)',
        'nope; echo "after $?"; cat /nope || echo failed; echo to-file > /tmp/f; cat /tmp/f; echo err 1>&2',
        'case a in a) echo case;; esac; printf "%s-%s\\n" 1 2; echo p | while read l; do echo "read $l"; done',
      ].join('\n'),
    );
    await container.exit();
    expect(container.log()).toBe(
      [
        '[HI] /',
        'in f a',
        '1',
        '2',
        'y=in f b',
        'yes',
        'group',
        'sub',
        'sh: nope: not found',
        'after 127',
        "cat: can't open '/nope': No such file or directory",
        'failed',
        'to-file',
        'err',
        'case',
        '1-2',
        'read p',
        '',
      ].join('\n'),
    );
  });

  it('NA-51: a loop for ever in a function prints as it goes', async () => {
    const container = await run('main() { while true; do echo tick; sleep 10; done; }; main');
    await expect.poll(() => container.log().split('\n').length).toBeGreaterThan(3);
    await container.runtime.stopContainer(container.id, 0);
  });

  it('NA-42: ignores TERM as the first process, until KILL', async () => {
    const container = await run('while true; do sleep 1; done');
    await container.runtime.stopContainer(container.id, 30_000);
    expect(container.record).toMatchObject({ exitCode: 137, reason: 'Error' });
  });

  it('NA-43: a trap for TERM ends it with what it says', async () => {
    const container = await run('trap "echo bye; exit 7" TERM; echo ready; while true; do sleep 1; done');
    await expect.poll(() => container.log()).toBe('ready\n');
    await container.runtime.stopContainer(container.id, 30_000_000);
    expect(container.record?.exitCode).toBe(7);
    expect(container.log()).toBe('ready\nbye\n');
  });

  it('NA-44: a busy loop leaves the rest of the process alone, and can be killed', async () => {
    const container = await run('i=0; while true; do i=$((i+1)); done');
    let turns = 0;
    await expect.poll(() => ++turns, { interval: 5 }).toBe(5);
    await container.runtime.stopContainer(container.id, 0);
    expect(container.record?.exitCode).toBe(137);
  });

  it('NA-45: files live as long as the container and are seen by commands run in it', async () => {
    const container = await run('echo data > /tmp/file; sleep 100000');
    await expect.poll(() => container.exec(['cat', '/tmp/file'])).toEqual({ code: 0, out: 'data\n', err: '' });
    expect(await container.exec(['sh', '-c', 'echo more >> /tmp/file; wc -l < /tmp/file'])).toMatchObject({
      code: 0,
      out: '2\n',
    });
    expect(await container.exec(['cat'], 'from outside\n')).toMatchObject({ code: 0, out: 'from outside\n' });
    expect(await container.exec(['ls', '/nope'])).toMatchObject({ code: 1 });
    expect(await container.exec(['sh', '-c', 'exit 42'])).toMatchObject({ code: 42 });
  });

  it("NA-46: a command that does not exist fails in the runtime's words", async () => {
    const container = await run('sleep 100000');
    await expect(container.exec(['nonesuch'])).rejects.toThrow(
      /^failed to exec in container: failed to start exec "[0-9a-f]{64}": OCI runtime exec failed: exec failed: unable to start container process: exec: "nonesuch": executable file not found in \$PATH: unknown$/,
    );
    const start = new TestContainers().start('busybox', { command: ['/nope'] });
    await expect(start).rejects.toThrow('exec: "/nope": stat /nope: no such file or directory');
  });

  it('NA-47: the last words go to the termination message', async () => {
    const container = await run('echo goodbye > /dev/termination-log; exit 1');
    await container.exit();
    expect(container.record?.terminationMessage).toBe('goodbye\n');
  });

  it('NA-48: a shell without input ends at once; one with input runs its lines', async () => {
    const containers = new TestContainers();
    expect(await (await containers.start('busybox')).exit()).toBe(0);
    const shell = await containers.start('busybox', { stdin: true });
    const session = containers.runtime.attach(shell.id);
    await session.writeStdin(Buffer.from('x=5\ncd /tmp\necho $x $(pwd)\nexit 9\n'));
    expect(await session.exitCode).toBe(9);
    expect(shell.log()).toBe('5 /tmp\n');
  });
});

describe('nginx', () => {
  it('NA-49: starts with the lines of the real entrypoint and serves its page to its neighbours', async () => {
    const containers = new TestContainers();
    const web = await containers.start('nginx:1.27.0');
    expect(web.log().split('\n')[0]).toBe(
      '/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration',
    );
    expect(web.log()).toContain('[notice] 1#1: nginx/1.27.0');
    const client = await containers.start('busybox', { command: ['sleep', '100000'] });
    expect((await client.exec(['wget', '-qO-', `http://${web.ip}/`])).out).toContain(
      '<title>Welcome to nginx!</title>',
    );
    const missing = await client.exec(['wget', '-O-', `http://${web.ip}/nope`]);
    expect(missing).toMatchObject({
      code: 1,
      err: `Connecting to ${web.ip} (${web.ip}:80)\nwget: server returned error: HTTP/1.1 404 Not Found\n`,
    });
    expect(web.log()).toMatch(/10\.244\.1\.3 - - \[.*\] "GET \/ HTTP\/1\.1" 200 \d+ "-" "Wget" "-"\n/);
    await web.exec(['sh', '-c', 'echo changed > /usr/share/nginx/html/index.html']);
    expect((await client.exec(['curl', '-s', web.ip])).out).toBe('changed\n');
    await containers.runtime.stopContainer(web.id, 30_000);
    expect(web.record).toMatchObject({ exitCode: 0, reason: 'Completed' });
    expect(await client.exec(['wget', '-qO-', web.ip])).toMatchObject({
      code: 1,
      err: `wget: can't connect to remote host (${web.ip}): Connection refused\n`,
    });
  });
});
