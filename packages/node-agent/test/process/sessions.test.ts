import { describe, expect, it } from 'vitest';
import { ImageCatalogue } from '../../src/images/catalogue.ts';
import { quietImage } from '../../src/images/quiet/quiet.ts';
import type { ContainerConfig, ProcessSession } from '../../src/runtime/container-runtime.ts';
import type { Program } from '../../src/runtime/process/process-context.ts';
import { type RunningContainer, TestContainers } from '../support/test-container.ts';
import { forever } from '../support/test-kernel.ts';

/** Gives back what it reads, and how many bytes that was. */
const echo: Program = async (process) => {
  let size = 0;
  for await (const bytes of process.stdin) {
    size += bytes.length;
    await process.print(bytes);
  }
  await process.printError(`${size} bytes`);
  return 0;
};

/** Writes without end. */
const endless: Program = async (process) => {
  for (;;) await process.print('y\n'.repeat(4096));
};

const leavesChild: Program = async (process) => {
  process.spawn({
    argv: ['child'],
    program: (child) => child.sleep(60_000).then(() => child.print('late').then(() => 0)),
  });
  return 3;
};

const PROGRAMS = { echo, endless, forever, leavesChild };

function start(command: keyof typeof PROGRAMS, config: Partial<ContainerConfig> = {}): Promise<RunningContainer> {
  const programs = Object.fromEntries(Object.entries(PROGRAMS).map(([name, program]) => [`/${name}`, program]));
  const catalogue = new ImageCatalogue([
    { ...quietImage('library/test'), programs, hasShell: false, runsAnything: false },
  ]);
  return new TestContainers(catalogue).start('test', { command: [`/${command}`], ...config });
}

async function all(session: ProcessSession): Promise<{ stdout: string; stderr: string; code: number }> {
  const text = { stdout: '', stderr: '' };
  for await (const { stream, bytes } of session.output) text[stream] += Buffer.from(bytes).toString('latin1');
  return { ...text, code: await session.exitCode };
}

function exec(container: RunningContainer, command: string, options = { stdin: true, tty: false }) {
  return container.runtime.exec(container.id, { command: [`/${command}`], ...options });
}

describe('exec', () => {
  it('KER-70: carries every byte both ways, whatever it is and however much', async () => {
    const container = await start('forever');
    const session = await exec(container, 'echo');
    const input = Buffer.from(Array.from({ length: 500_000 }, (_, i) => (i * 7) & 0xff));
    const reading = all(session);
    await session.writeStdin(input);
    session.endStdin();
    const { stdout, stderr, code } = await reading;
    expect([Buffer.from(stdout, 'latin1').equals(input), stderr, code]).toEqual([true, '500000 bytes', 0]);
  });

  it('KER-71: whoever types waits for who does not read; the writer waits for a slow reader', async () => {
    const container = await start('forever');
    const deaf = await exec(container, 'forever');
    let taken = 0;
    const typing = (async () => {
      for (; taken < 9; taken++) await deaf.writeStdin(new Uint8Array(16_384));
    })();
    await expect.poll(() => taken).toBe(4);
    deaf.close();
    const loud = await exec(container, 'endless');
    const reader = loud.output[Symbol.asyncIterator]();
    await reader.next();
    const row = () => container.kernel.processes().find(({ title }) => title === '/endless');
    await expect.poll(() => row()?.state).toBe('running');
    loud.close();
    await expect.poll(row).toBeUndefined();
    expect(await loud.exitCode).toBe(137);
    await typing;
  });

  it('KER-72: ends with 128 and the signal, and with 137 when the container ends', async () => {
    const container = await start('forever');
    const [a, b] = [await exec(container, 'forever'), await exec(container, 'forever')];
    const [, first] = container.kernel.processes();
    container.kernel.process(first?.pid ?? 0)?.deliver('TERM');
    expect(await a.exitCode).toBe(143);
    await container.runtime.stopContainer(container.id, 0);
    expect(await b.exitCode).toBe(137);
  });

  it('KER-73: its output goes on while somebody else still has it open, and its code is its own', async () => {
    const container = await start('forever');
    expect(await all(await exec(container, 'leavesChild'))).toEqual({ stdout: 'late', stderr: '', code: 3 });
  });

  it('KER-74: with a terminal both streams are one, and closing hangs up', async () => {
    const container = await start('forever');
    const session = await exec(container, 'echo', { stdin: true, tty: true });
    await session.writeStdin(Buffer.from('hi\r\x04'));
    expect(await all(session)).toEqual({ stdout: 'hi\r\nhi\r\n3 bytes', stderr: '', code: 0 });
    const left = await exec(container, 'echo', { stdin: true, tty: true });
    left.close();
    expect(await left.exitCode).toBe(129);
  });
});

describe('attach', () => {
  it('KER-75: several see the output and may type; letting go leaves the container running', async () => {
    const container = await start('echo', { stdin: true });
    const [a, b] = [container.runtime.attach(container.id), container.runtime.attach(container.id)];
    const read = async ({ output }: ProcessSession): Promise<string> => {
      for await (const { bytes } of output) return Buffer.from(bytes).toString();
      return '';
    };
    await a.writeStdin(Buffer.from('one\n'));
    expect([await read(a), await read(b)]).toEqual(['one\n', 'one\n']);
    a.endStdin();
    a.close();
    const again = container.runtime.attach(container.id);
    await again.writeStdin(Buffer.from('two\n'));
    expect(await read(again)).toBe('two\n');
    expect(container.record?.state).toBe('running');
    expect(container.log()).toBe('one\ntwo\n');
  });

  it('KER-76: with stdinOnce the first who ends the input ends it for the container', async () => {
    const container = await start('echo', { stdin: true, stdinOnce: true });
    const session = container.runtime.attach(container.id);
    await session.writeStdin(Buffer.from('bye'));
    session.endStdin();
    expect(await all(session)).toEqual({ stdout: 'bye', stderr: '3 bytes', code: 0 });
    expect(container.record).toMatchObject({ state: 'exited', exitCode: 0 });
  });

  it('KER-76: without it, whoever ends the input is let go with what came so far', async () => {
    const container = await start('echo', { stdin: true });
    const session = container.runtime.attach(container.id);
    await session.writeStdin(Buffer.from('one\n'));
    await expect.poll(() => container.log()).toBe('one\n');
    session.endStdin();
    expect(await all(session)).toEqual({ stdout: 'one\n', stderr: '', code: 0 });
    expect(container.record?.state).toBe('running');
  });

  it('KER-77: a container with a terminal has what that shows in its log', async () => {
    const container = await start('echo', { stdin: true, tty: true });
    const session = container.runtime.attach(container.id);
    session.resize(120, 40);
    await session.writeStdin(Buffer.from('hello\r'));
    await expect.poll(() => container.log()).toBe('hello\r\nhello\r\n');
    expect(container.kernel.process(1)?.terminal?.size).toEqual({ columns: 120, rows: 40 });
    await session.writeStdin(Buffer.from('\x03'));
    await session.writeStdin(Buffer.from('\x04'));
    expect((await all(session)).code).toBe(0);
  });

  it('KER-78: a container ends though somebody attached does not read', async () => {
    const container = await start('endless');
    container.runtime.attach(container.id);
    await container.runtime.stopContainer(container.id, 0);
    expect(container.record).toMatchObject({ state: 'exited', exitCode: 137 });
  });
});

describe('containers that nobody enters', () => {
  it('KER-79: hold no namespace, no control group and no descriptors', async () => {
    const containers = new TestContainers();
    const container = await containers.start('some-server');
    expect(containers.runtime.isEntered(container.id)).toBe(false);
    expect(container.kernel.processes().map(({ pid, title }) => [pid, title])).toEqual([[1, '/entrypoint']]);
    expect(containers.runtime.isEntered(container.id)).toBe(true);
    await containers.runtime.stopContainer(container.id, 30_000_000);
    expect(container.record?.exitCode).toBe(143);
  });
});
