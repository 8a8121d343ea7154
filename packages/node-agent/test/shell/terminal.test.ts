/**
 * Shells on terminals, as a person uses them: keys in, screen out.
 */
import { describe, expect, it } from 'vitest';
import type { ProcessSession } from '../../src/runtime/container-runtime.ts';
import { type RunningContainer, TestContainers } from '../support/test-container.ts';

/** A person at a terminal: types, and waits for what the screen shows. */
class Person {
  screen = '';
  #seen = 0;
  #changed: () => void = () => {};

  constructor(readonly session: ProcessSession) {
    void this.#watch();
  }

  async #watch(): Promise<void> {
    for await (const { bytes } of this.session.output) {
      this.screen += Buffer.from(bytes).toString();
      this.#changed();
    }
    this.#changed();
  }

  async type(keys: string): Promise<void> {
    await this.session.writeStdin(Buffer.from(keys));
  }

  /** Waits until the screen shows a text behind what was waited for before. */
  async sees(text: string | RegExp): Promise<void> {
    for (;;) {
      const rest = this.screen.slice(this.#seen);
      const found = typeof text === 'string' ? rest.indexOf(text) : rest.search(text);
      if (found >= 0) {
        this.#seen += found + (typeof text === 'string' ? text.length : (text.exec(rest)?.[0].length ?? 0));
        return;
      }
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}

async function container(image = 'busybox'): Promise<RunningContainer> {
  return new TestContainers().start(image, { command: ['sleep', 'infinity'], env: [{ name: 'HOME', value: '/root' }] });
}

async function enter(running: RunningContainer, command: readonly string[] = ['sh']): Promise<Person> {
  return new Person(await running.runtime.exec(running.id, { command, stdin: true, tty: true }));
}

describe('shells on terminals', () => {
  it('SH-8: shows a prompt with the directory, keeps variables, and ends at Ctrl-D', async () => {
    const person = await enter(await container());
    await person.sees('/ # ');
    await person.type('x=5; cd /tmp\r');
    await person.sees('/tmp # ');
    await person.type('echo "x is $x"\r');
    await person.sees('\r\nx is 5\r\n/tmp # ');
    await person.type('\x04');
    expect(await person.session.exitCode).toBe(0);
  });

  it("SH-8: bash's prompt names user and host, and says exit", async () => {
    const person = await enter(await container('nginx'), ['bash']);
    await person.sees('root@pod:/# ');
    await person.type('cd\r');
    await person.sees('root@pod:~# ');
    await person.type('nopenope\r');
    await person.sees('bash: nopenope: command not found\r\n');
    await person.type('\x04');
    await person.sees('exit\r\n');
    expect(await person.session.exitCode).toBe(127);
  });

  it('SH-8: a command that goes on is asked for with another prompt', async () => {
    const person = await enter(await container());
    await person.sees('/ # ');
    await person.type('for i in 1 2\r');
    await person.sees('> ');
    await person.type('do echo "<$i>"; done\r');
    await person.sees('<1>\r\n<2>\r\n/ # ');
    await person.type('echo "a\r');
    await person.sees('> ');
    await person.type('b"\r');
    await person.sees('\r\na\r\nb\r\n/ # ');
  });

  it('SH-8: lines can be edited, and come back from history', async () => {
    const person = await enter(await container());
    await person.sees('/ # ');
    await person.type('eho one\x01\x1b[C\x1b[Cc\x1b[D\x1b[D\x7fe\r');
    await person.type('\x15echo \x1b[Atwo\x7f\x7f\x7f\x7f three\r');
    await person.sees('three');
    await person.type('echo first\r');
    await person.sees('\r\nfirst\r\n/ # ');
    await person.type('\x1b[A\r');
    await person.sees('\r\nfirst\r\n/ # ');
    await person.type('\x12fir\r');
    await person.sees('\r\nfirst\r\n/ # ');
  });

  it('SH-10: history lasts in a file of the container', async () => {
    const running = await container();
    const person = await enter(running);
    await person.sees('/ # ');
    await person.type('echo remembered\r');
    await person.sees('\r\nremembered\r\n/ # ');
    await person.type('exit\r');
    await person.session.exitCode;
    expect((await running.exec(['cat', '/root/.ash_history'])).out).toBe('echo remembered\nexit\n');
    const later = await enter(running);
    await later.sees('/ # ');
    await later.type('\x1b[A\x1b[A\r');
    await later.sees('\r\nremembered\r\n');
  });

  it('SH-8: Tab completes commands and paths', async () => {
    const person = await enter(await container());
    await person.sees('/ # ');
    await person.type('touch /tmp/some-long-name\r');
    await person.sees('\r\n/ # ');
    await person.type('ls /tmp/so\t\r');
    await person.sees('\r\n/tmp/some-long-name\r\n/ # ');
    await person.type('expo\t');
    await person.sees('export ');
  });

  it('SH-9: Ctrl-C ends the command, not the shell, and gives up a line', async () => {
    const person = await enter(await container());
    await person.sees('/ # ');
    await person.type('sleep 100000; echo not this\r');
    await person.sees('\r\n');
    await person.type('\x03');
    await person.sees('/ # ');
    await person.type('echo $?\r');
    await person.sees('\r\n130\r\n/ # ');
    await person.type('echo given up\x03');
    await person.sees('^C\r\n/ # ');
    await person.type('while :; do :; done\r');
    await person.sees('\r\n');
    await person.type('\x03');
    await person.sees('/ # ');
    expect(person.screen).not.toContain('not this\r\n/ #');
  });

  it('SH-9: jobs are stopped, listed, continued and brought back', async () => {
    const person = await enter(await container('nginx'), ['bash']);
    await person.sees('# ');
    await person.type('sh -c "echo started; sleep 1000000"\r');
    await person.sees('\r\nstarted\r\n');
    await person.type('\x1a');
    await person.sees(/\[1\]\+ {2}Stopped +sh -c "echo started; sleep 1000000"\r\n/);
    await person.type('jobs\r');
    await person.sees(/\[1\]\+ {2}Stopped +sh -c/);
    await person.type('exit\r');
    await person.sees('There are stopped jobs.\r\n');
    await person.type('bg\r');
    await person.sees('[1]+ sh -c "echo started; sleep 1000000" &\r\n');
    await person.type('jobs\r');
    await person.sees(/\[1\]\+ {2}Running +sh -c .* &\r\n/);
    await person.type('fg\r');
    await person.sees('\r\nsh -c "echo started; sleep 1000000"\r\n');
    await person.type('\x03');
    await person.sees('# ');
    await person.type('sleep 1000000 &\r');
    await person.sees(/\[1\] \d+\r\n/);
    await person.type('kill %1\r');
    await person.sees('# ');
    await person.type('\r');
    await person.sees(/\[1\]\+ {2}Terminated +sleep 1000000\r\n/);
  });

  it('SH-8: a shell as first process with a terminal can be attached to', async () => {
    const containers = new TestContainers();
    const running = await containers.start('busybox', { stdin: true, tty: true });
    const person = new Person(await running.runtime.attach(running.id));
    await person.type('\recho here\r');
    await person.sees('\r\nhere\r\n/ # ');
    await person.type('exit 3\r');
    expect(await running.exit()).toBe(3);
  });
});
