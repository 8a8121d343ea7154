import { describe, expect, it } from 'vitest';
import { FileError } from '../../src/runtime/filesystem/file-error.ts';
import { makePipe } from '../../src/runtime/process/pipe.ts';
import type { ChildProcess, ProcessContext, Program } from '../../src/runtime/process/process-context.ts';
import { SIGNAL_NUMBER } from '../../src/runtime/process/signals.ts';
import { forever, TestKernel, text } from '../support/test-kernel.ts';

const exits =
  (code: number): Program =>
  async () =>
    code;

/** Runs a program as a shell's child would, and answers with what it gave. */
function inside<T>(test: TestKernel, work: (process: ProcessContext) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    test.exec(async (process) => {
      await work(process).then(resolve, reject);
      return 0;
    });
  });
}

function withInit(options: ConstructorParameters<typeof TestKernel>[0] = {}): TestKernel {
  const test = new TestKernel(options);
  test.start(forever);
  return test;
}

const pids = (process: ProcessContext): number[] => process.kernel.processes().map(({ pid }) => pid);

describe('processes', () => {
  it('KER-1: have growing numbers from 1 on, parents, groups and sessions', async () => {
    const test = withInit();
    await inside(test, async (process) => {
      expect([process.pid, process.ppid, process.pgid, process.sid]).toEqual([7, 0, 7, 7]);
      const child = process.spawn({ argv: ['a'], program: forever });
      const leader = process.spawn({ argv: ['b'], program: forever, processGroup: 'new' });
      const member = process.spawn({ argv: ['c'], program: forever, processGroup: leader.pid });
      const session = process.spawn({ argv: ['d'], program: forever, session: 'new' });
      const row = ({ pid }: ChildProcess) => {
        const { ppid, pgid, sid } = process.kernel.process(pid) ?? {};
        return [pid, ppid, pgid, sid];
      };
      expect(row(child)).toEqual([8, 7, 7, 7]);
      expect(row(leader)).toEqual([9, 7, 9, 7]);
      expect(row(member)).toEqual([10, 7, 9, 7]);
      expect(row(session)).toEqual([11, 7, 11, 11]);
      expect(pids(process)).toEqual([1, 7, 8, 9, 10, 11]);
    });
  });

  it('KER-2: a program that is not there cannot be spawned', async () => {
    const test = withInit({ programs: { sh: exits(3) } });
    await inside(test, async (process) => {
      expect(() => process.spawn({ argv: ['nope'] })).toThrow(new FileError('ENOENT', 'execve', 'nope'));
      expect(await process.spawn({ argv: ['sh'] }).wait()).toEqual({ code: 3 });
    });
  });

  it('KER-3: who ended is a zombie until its parent has asked how', async () => {
    await inside(withInit(), async (process) => {
      const child = process.spawn({ argv: ['a'], program: exits(300) });
      await new Promise<void>((resolve) => child.onStateChange((state) => state === 'zombie' && resolve()));
      expect(process.kernel.process(child.pid)?.stateLetter).toBe('Z');
      expect(await child.wait()).toEqual({ code: 300 & 0xff });
      expect(process.kernel.process(child.pid)).toBeUndefined();
      process.onSignal('CHLD', 'ignore');
      const forgotten = process.spawn({ argv: ['b'], program: exits(0) });
      await new Promise<void>((resolve) => forgotten.onStateChange(() => resolve()));
      expect(process.kernel.process(forgotten.pid)).toBeUndefined();
    });
  });

  it('KER-4: orphans are left to the first process of their namespace', async () => {
    const test = new TestKernel();
    test.start(forever);
    const orphan = await inside(test, async (process) => {
      const grandchild = new Promise<number>((resolve) => {
        const middle = process.spawn({
          argv: ['middle'],
          program: async (parent) => {
            resolve(parent.spawn({ argv: ['grandchild'], program: forever }).pid);
            return 0;
          },
        });
        void middle.wait();
      });
      return grandchild;
    });
    await expect.poll(() => test.container.namespace.process(orphan)?.ppid).toBe(1);
  });

  it('KER-5: when the first process ends, so do all of its namespace', async () => {
    const test = new TestKernel();
    const first = test.start(forever);
    const other = test.exec(forever);
    const ended = other.wait();
    first.deliver('KILL', true);
    expect(await ended).toEqual({ signal: 'KILL' });
    expect(test.container.namespace.processes()).toEqual([]);
  });

  it('KER-6: exec puts another program in the place of one, with its number and descriptors', async () => {
    const seen: unknown[] = [];
    const test = withInit({
      programs: {
        other: async (process) => {
          seen.push(process.pid, process.argv, process.env.get('A'), process.signalDisposition('TERM'));
          return 5;
        },
      },
    });
    const process = test.exec(async (self) => {
      self.onSignal('TERM', () => {});
      return self.exec(['other', 'x'], new Map([['A', '1']]));
    });
    expect(await process.wait()).toEqual({ code: 5 });
    expect(seen).toEqual([process.pid, ['other', 'x'], '1', 'default']);
  });
});

describe('signals', () => {
  it.each(['HUP', 'INT', 'KILL', 'TERM', 'USR1', 'PIPE', 'SEGV'] as const)(
    'KER-10: %s ends a process that has said nothing',
    async (signal) => {
      const process = withInit().exec(forever);
      process.deliver(signal);
      expect(await process.wait()).toEqual({ signal });
    },
  );

  it('KER-11: are ignored, handled, or do what they do by default', async () => {
    const test = withInit();
    const got: string[] = [];
    const process = test.exec(async (self) => {
      self.onSignal('HUP', 'ignore');
      self.onSignal('TERM', () => got.push('TERM'));
      self.onSignal('INT', () => got.push('INT'));
      return forever(self);
    });
    await expect.poll(() => process.signalDisposition('HUP')).toBe('ignore');
    for (const signal of ['HUP', 'CHLD', 'WINCH', 'URG', 'TERM'] as const) process.deliver(signal);
    expect(process.state).toBe('running');
    expect(got).toEqual(['TERM']);
    process.onSignal('INT', 'default');
    process.deliver('INT');
    expect(process.status).toEqual({ signal: 'INT' });
    expect(() => process.onSignal('KILL', 'ignore')).toThrow(FileError);
  });

  it('KER-12: the first process is protected from within, not from without', async () => {
    const test = new TestKernel();
    const first = test.start(forever);
    await inside(test, async (process) => {
      for (const signal of Object.keys(SIGNAL_NUMBER) as (keyof typeof SIGNAL_NUMBER)[]) {
        process.kernel.kill(1, signal, process);
      }
    });
    expect(first.state).toBe('running');
    first.deliver('TERM', true);
    expect(first.state).toBe('running');
    first.deliver('KILL', true);
    expect(first.status).toEqual({ signal: 'KILL' });
  });

  it('KER-13: STOP suspends until CONT; what came meanwhile is done then', async () => {
    const test = withInit();
    const { reader, writer } = makePipe();
    const got: string[] = [];
    const process = test.exec(async (self) => {
      self.fds.set(0, reader);
      self.onSignal('USR1', () => got.push('USR1'));
      for await (const bytes of self.stdin) got.push(Buffer.from(bytes).toString());
      return 0;
    });
    await writer.write(Buffer.from('one'));
    await expect.poll(() => got).toEqual(['one']);
    process.deliver('STOP');
    process.deliver('USR1');
    await writer.write(Buffer.from('two'));
    await test.time.advance(1000);
    expect([process.state, process.stateLetter, got]).toEqual(['stopped', 'T', ['one']]);
    // Somebody else may read meanwhile.
    expect(text(await reader.read({ max: 2 }))).toBe('tw');
    process.deliver('CONT');
    await expect.poll(() => got).toEqual(['one', 'USR1', 'o']);
    writer.release();
    expect(await process.wait()).toEqual({ code: 0 });
  });

  it('KER-14: a stopped process can be killed, and does not end by TERM before CONT', async () => {
    const test = withInit();
    const [a, b] = [test.exec(forever), test.exec(forever)];
    for (const process of [a, b]) process.deliver('STOP');
    a.deliver('TERM');
    expect(a.state).toBe('stopped');
    a.deliver('CONT');
    expect(a.status).toEqual({ signal: 'TERM' });
    b.deliver('KILL');
    expect(b.status).toEqual({ signal: 'KILL' });
  });

  it('KER-15: go to a process, to a group, to all; only to those one may touch', async () => {
    const test = withInit();
    await inside(test, async (process) => {
      const group = process.spawn({ argv: ['g'], program: forever, processGroup: 'new' });
      const member = process.spawn({ argv: ['m'], program: forever, processGroup: group.pid });
      const other = process.spawn({ argv: ['o'], program: forever });
      process.kernel.kill(-group.pid, 'TERM', process);
      expect([group.status, member.status, other.status]).toEqual([{ signal: 'TERM' }, { signal: 'TERM' }, undefined]);
      expect(() => process.kernel.kill(999, 'TERM', process)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
      process.kernel.kill(other.pid, undefined, process);
      process.kernel.kill(-1, 'TERM', process);
      expect(other.status).toEqual({ signal: 'TERM' });
    });
    const guest = test.exec(forever, { credentials: { uid: 1000, gid: 1000, groups: [] } });
    const root = test.exec(forever);
    expect(() => guest.kernel.kill(root.pid, 'TERM', guest)).toThrow(expect.objectContaining({ code: 'EPERM' }));
    root.kernel.kill(guest.pid, 'TERM', root);
    expect(guest.status).toEqual({ signal: 'TERM' });
  });

  it('KER-16: whoever writes where nobody reads gets PIPE, or EPIPE when that is ignored', async () => {
    const test = withInit();
    const { reader, writer } = makePipe();
    reader.release();
    const killed = test.exec(async (self) => {
      self.fds.set(1, writer.retain());
      await self.print('x');
      return 0;
    });
    expect(await killed.wait()).toEqual({ signal: 'PIPE' });
    const warned = test.exec(async (self) => {
      self.onSignal('PIPE', 'ignore');
      self.fds.set(1, writer.retain());
      return self.print('x').then(
        () => 0,
        (error: FileError) => (error.code === 'EPIPE' ? 9 : 8),
      );
    });
    expect(await warned.wait()).toEqual({ code: 9 });
  });

  it('KER-17: a parent hears of its children by CHLD', async () => {
    const test = withInit();
    const heard: string[] = [];
    await inside(test, async (process) => {
      const child = process.spawn({ argv: ['a'], program: forever });
      process.onSignal('CHLD', () => heard.push(child.state));
      for (const signal of ['STOP', 'CONT', 'KILL'] as const) process.kernel.kill(child.pid, signal, process);
      await child.wait();
    });
    expect(heard).toEqual(['stopped', 'running', 'zombie']);
  });

  it('KER-18: sleeping is in cluster time, and ends with the process', async () => {
    const test = withInit();
    const process = test.exec(async (self) => {
      await self.sleep(5000);
      return 4;
    });
    await test.time.advance(4999);
    expect(process.status).toBeUndefined();
    await test.time.advance(1);
    expect(await process.wait()).toEqual({ code: 4 });
    const killed = test.exec(async (self) => self.sleep(1e9).then(() => 0));
    await test.time.advance(1);
    killed.deliver('TERM');
    expect(killed.status).toEqual({ signal: 'TERM' });
    await expect.poll(() => test.time.pendingTimers).toBe(0);
  });
});

describe('pipes and descriptors', () => {
  it('KER-20: a pipe is bounded; its writer waits, its reader gets all in order, then the end', async () => {
    const { reader, writer } = makePipe(4);
    let written = 0;
    const writing = (async () => {
      for (const part of ['ab', 'cd', 'efghij']) {
        await writer.write(Buffer.from(part));
        written++;
      }
      writer.release();
    })();
    await expect.poll(() => written).toBe(2);
    let all = '';
    for (let bytes = await reader.read({ max: 3 }); bytes !== undefined; bytes = await reader.read({ max: 3 })) {
      all += text(bytes);
    }
    await writing;
    expect(all).toBe('abcdefghij');
  });

  it('KER-21: a wait that is broken off takes nothing', async () => {
    const { reader, writer } = makePipe();
    const abort = new AbortController();
    const waiting = reader.read({ signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await writer.write(Buffer.from('x'));
    expect(text(await reader.read())).toBe('x');
  });

  it('KER-22: children get the descriptors, but for those that close on exec; the last one closes the file', async () => {
    const test = withInit();
    const { reader, writer } = makePipe();
    await inside(test, async (process) => {
      process.fds.set(5, writer);
      process.fds.set(6, writer.retain(), { closeOnExec: true });
      const says: Program = async (child) => {
        await child.writeTo(5, `${child.fds.has(6)} `);
        await child.writeTo(1, 'to 1');
        return 0;
      };
      const child = process.spawn({ argv: ['a'], program: says, fds: new Map([[1, writer]]) });
      await child.wait();
      process.fds.closeAll();
    });
    let all = '';
    for (let bytes = await reader.read(); bytes !== undefined; bytes = await reader.read()) all += text(bytes);
    expect(all).toBe('false to 1');
  });

  it('KER-23: numbers go from 0 to 255', async () => {
    await inside(withInit(), async ({ fds }) => {
      expect(() => fds.get(77)).toThrow(expect.objectContaining({ code: 'EBADF' }));
      fds.dup2(1, 255);
      expect(() => fds.dup2(1, 256)).toThrow(expect.objectContaining({ code: 'EBADF' }));
      for (let i = fds.size; i < 256; i++) fds.add(fds.get(1).retain());
      expect(() => fds.add(fds.get(1).retain())).toThrow(expect.objectContaining({ code: 'EMFILE' }));
    });
  });

  it('KER-24: files have an offset that duplicates share; appending goes to the end', async () => {
    await inside(withInit(), async (process) => {
      const write = { write: true, create: true, truncate: true };
      process.fds.set(3, process.open('/f', write));
      process.fds.dup2(3, 4);
      await process.writeTo(3, 'one');
      await process.writeTo(4, 'two');
      process.fds.set(5, process.open('/f', { write: true, append: true }));
      await process.writeTo(5, '!');
      process.fds.set(6, process.open('/f', { read: true }));
      expect(text(await process.read(6, { max: 4 }))).toBe('onet');
      expect(text(await process.read(6))).toBe('wo!');
      expect(await process.read(6)).toBeUndefined();
      expect(() => process.open('/nope', { read: true })).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    });
  });

  it('KER-25: devices and names of descriptors', async () => {
    const test = withInit();
    await inside(test, async (process) => {
      const read = async (path: string) => text(await process.open(path, { read: true }).read({ max: 2 }));
      expect(await read('/dev/null')).toBeUndefined();
      expect(await read('/dev/zero')).toBe('\0\0');
      expect((await process.open('/dev/urandom').read({ max: 8 }))?.length).toBe(8);
      await expect(process.open('/dev/full').write(Buffer.from('x'))).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(() => process.open('/dev/tty')).toThrow(expect.objectContaining({ code: 'ENXIO' }));
      for (const path of ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1', `/proc/${process.pid}/fd/1`]) {
        expect(process.open(path)).toBe(process.fds.get(1));
      }
      expect(() => process.open('/dev/fd/9')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    });
  });
});
