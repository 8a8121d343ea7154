import { describe, expect, it } from 'vitest';
import type { ProcessContext, Program } from '../../src/runtime/process/process-context.ts';
import { PseudoTerminal } from '../../src/runtime/process/pseudo-terminal.ts';
import { forever, TestKernel, text } from '../support/test-kernel.ts';

class Screen {
  readonly terminal = new PseudoTerminal('/dev/pts/0');
  readonly kernel = new TestKernel();
  shown = '';

  constructor() {
    this.kernel.start(forever);
    void this.#follow();
  }

  run(program: Program) {
    return this.kernel.onTerminal(program, this.terminal);
  }

  type(keys: string): Promise<void> {
    return this.terminal.input(Buffer.from(keys));
  }

  async #follow(): Promise<void> {
    for (let bytes = await this.terminal.output.read(); bytes; bytes = await this.terminal.output.read()) {
      this.shown += text(bytes);
    }
  }
}

/** Reads lines until the end of input. */
function reader(got: (string | undefined)[]): Program {
  return async (process) => {
    for (let bytes = await process.read(); ; bytes = await process.read()) {
      got.push(text(bytes));
      if (bytes === undefined) return 0;
    }
  };
}

async function typed(...keys: string[]): Promise<{ got: (string | undefined)[]; shown: string }> {
  const screen = new Screen();
  const got: (string | undefined)[] = [];
  const process = screen.run(reader(got));
  for (const key of keys) await screen.type(key);
  await screen.type('\x04');
  await process.wait();
  return { got: got.slice(0, -1), shown: screen.shown };
}

describe('terminals', () => {
  it('KER-30: give input line by line, echo it, and show newlines as CR LF', async () => {
    const { got, shown } = await typed('hello\rwor', 'ld\r', 'rest\x04');
    expect(got).toEqual(['hello\n', 'world\n', 'rest']);
    expect(shown).toBe('hello\r\nworld\r\nrest');
  });

  it.each([
    ['erase', 'ab\x7fc\r', 'ac\n', 'ab\b \bc\r\n'],
    ['backspace', 'ab\bc\r', 'ac\n', 'ab\b \bc\r\n'],
    ['erase at the start', '\x7f\x7fx\r', 'x\n', 'x\r\n'],
    ['erase of a letter of several bytes', 'é\x7fx\r', 'x\n', 'é\b \bx\r\n'],
    ['kill', 'abc\x15x\r', 'x\n', 'abc\b \b\b \b\b \bx\r\n'],
    ['word erase', 'a bc  \x17x\r', 'a x\n', `a bc  ${'\b \b'.repeat(4)}x\r\n`],
    ['literal next', 'a\x16\x03b\r', 'a\x03b\n', 'a^\b^Cb\r\n'],
    ['erase of a control character', '\x16\x01\x7fx\r', 'x\n', '^\b^A\b \b\b \bx\r\n'],
    ['reprint', 'ab\x12c\r', 'abc\n', 'ab^R\r\nabc\r\n'],
  ])('KER-31: %s', async (_name, keys, line, screen) => {
    expect(await typed(keys)).toEqual({ got: [line], shown: screen });
  });

  it('KER-31: a line holds 4095 bytes; what comes after rings the bell', async () => {
    const { got, shown } = await typed(`${'x'.repeat(5000)}\r`);
    expect(got[0]).toBe(`${'x'.repeat(4095)}\n`);
    expect(shown.split('\x07').length - 1).toBe(905);
  });

  it('KER-32: raw mode gives every key at once and shows nothing', async () => {
    const screen = new Screen();
    const got: (string | undefined)[] = [];
    screen.terminal.setRaw();
    screen.run(reader(got));
    for (const key of ['a', '\x03', '\r', '\x7f', '\x1b[A']) await screen.type(key);
    await expect.poll(() => got.join('|')).toBe('a|\x03|\r|\x7f|\x1b[A');
    expect(screen.shown).toBe('');
  });

  it('KER-32: what was typed of a line can be read when lines mean nothing any more', async () => {
    const screen = new Screen();
    await screen.type('half');
    screen.terminal.setMode({ icanon: false, echo: false });
    const got: (string | undefined)[] = [];
    screen.run(reader(got));
    await expect.poll(() => got).toEqual(['half']);
  });

  it.each([
    ['\x03', 'INT', '^C'],
    ['\x1c', 'QUIT', '^\\'],
  ] as const)('KER-33: %j is a signal for the foreground alone', async (key, signal, echo) => {
    const screen = new Screen();
    const shell = screen.run(async (process) => {
      process.onSignal(signal, () => {});
      const job = process.spawn({ argv: ['job'], program: forever, processGroup: 'new', foreground: true });
      process.spawn({ argv: ['background'], program: forever, processGroup: 'new' });
      await job.wait();
      return forever(process);
    });
    await expect.poll(() => screen.terminal.foreground).toBe(8);
    await screen.type(`lost${key}`);
    expect(shell.kernel.processes().map(({ pid, state }) => [pid, state])).toEqual([
      [1, 'running'],
      [7, 'running'],
      [9, 'running'],
    ]);
    await expect.poll(() => screen.shown).toBe(`lost${echo}`);
  });

  it('KER-34: Ctrl-Z stops the job in the foreground, which reads on when it is continued there', async () => {
    const screen = new Screen();
    const got: (string | undefined)[] = [];
    const states: string[] = [];
    const lines: (string | undefined)[] = [];
    screen.run(async (process) => {
      process.onSignal('TTOU', 'ignore');
      const job = process.spawn({ argv: ['cat'], program: reader(got), processGroup: 'new', foreground: true });
      await new Promise<void>((resolve) => {
        job.onStateChange((state) => {
          states.push(state);
          if (state === 'stopped') resolve();
        });
      });
      const terminal = controlling(process);
      terminal.foreground = process.pgid;
      lines.push(text(await process.read()));
      terminal.foreground = job.pgid;
      process.kernel.kill(-job.pgid, 'CONT', process);
      await job.wait();
      return 0;
    });
    await screen.type('one\r');
    await expect.poll(() => got).toEqual(['one\n']);
    await screen.type('\x1a');
    await expect.poll(() => screen.terminal.foreground).toBe(7);
    await screen.type('fg\r');
    await expect.poll(() => lines).toEqual(['fg\n']);
    await screen.type('two\r\x04');
    await expect.poll(() => states).toEqual(['stopped', 'running', 'zombie']);
    expect(got).toEqual(['one\n', 'two\n', undefined]);
  });

  it('KER-35: who reads in the background is stopped, and with tostop who writes', async () => {
    const screen = new Screen();
    const shell = screen.run(async (process) => {
      process.spawn({ argv: ['r'], program: reader([]), processGroup: 'new' });
      process.spawn({ argv: ['w'], program: says('background'), processGroup: 'new' });
      return forever(process);
    });
    const state = (pid: number) => shell.kernel.process(pid)?.state;
    await expect.poll(() => [state(8), state(9), screen.shown]).toEqual(['stopped', 'zombie', 'background']);
    screen.terminal.setMode({ tostop: true });
    shell.spawn({ argv: ['w'], program: says('more'), processGroup: 'new' });
    await expect.poll(() => state(10)).toBe('stopped');
    expect(screen.shown).toBe('background');
  });

  it('KER-35: a group that no shell could continue gets an error instead', async () => {
    const screen = new Screen();
    const leader = screen.run(async (process) => {
      controlling(process).foreground = 99;
      return process.read().then(
        () => 0,
        (error) => (error.code === 'EIO' ? 5 : 6),
      );
    });
    expect(await leader.wait()).toEqual({ code: 5 });
  });

  it('KER-35: who handles TTIN and TTOU is interrupted when it reads, and may write', async () => {
    const screen = new Screen();
    screen.terminal.setMode({ tostop: true });
    const codes: string[] = [];
    const handles: Program = async (process) => {
      for (const signal of ['TTIN', 'TTOU'] as const) process.onSignal(signal, () => {});
      await process.read().catch((error) => codes.push(error.code));
      await process.print('written');
      return 0;
    };
    screen.run(async (process) => {
      process.spawn({ argv: ['h'], program: handles, processGroup: 'new' });
      return forever(process);
    });
    await expect.poll(() => screen.shown).toBe('written');
    expect(codes).toEqual(['EINTR']);
  });

  it('KER-36: a new size is told to the foreground', async () => {
    const screen = new Screen();
    const sizes: unknown[] = [];
    screen.run(async (process) => {
      process.onSignal('WINCH', () => sizes.push(process.terminal?.size));
      return forever(process);
    });
    await expect.poll(() => screen.terminal.foreground).toBe(7);
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    screen.terminal.resize({ columns: 100, rows: 30 });
    screen.terminal.resize({ columns: 100, rows: 30 });
    expect(sizes).toEqual([{ columns: 100, rows: 30 }]);
  });

  it('KER-37: a hang-up reaches the leader and the foreground; reading ends, writing fails', async () => {
    const screen = new Screen();
    const heard: string[] = [];
    const process = screen.run(async (self) => {
      self.onSignal('HUP', () => heard.push('HUP'));
      const input = await self.read();
      return self.print('x').then(
        () => 0,
        (error) => (input === undefined && error.code === 'EIO' ? 7 : 8),
      );
    });
    await screen.type('');
    await expect.poll(() => process.signalDisposition('HUP')).not.toBe('default');
    screen.terminal.hangUp();
    expect(await process.wait()).toEqual({ code: 7 });
    expect(heard).toEqual(['HUP']);
  });

  it('KER-37: when the leader of a session ends, its foreground is hung up on', async () => {
    const screen = new Screen();
    const leader = screen.run(async (process) => {
      process.spawn({ argv: ['job'], program: forever, processGroup: 'new', foreground: true });
      process.spawn({ argv: ['nohup'], program: forever, processGroup: 'new', ignore: ['HUP'] });
      return 0;
    });
    const { kernel } = leader;
    await leader.wait();
    expect(kernel.processes().map(({ pid, ppid }) => [pid, ppid])).toEqual([
      [1, 0],
      [8, 1],
      [9, 1],
    ]);
    expect([kernel.process(8)?.state, kernel.process(9)?.state]).toEqual(['zombie', 'running']);
  });

  it('KER-38: output waits for the screen, and for Ctrl-Q after Ctrl-S', async () => {
    const kernel = new TestKernel();
    const terminal = new PseudoTerminal('/dev/pts/0');
    kernel.start(forever);
    let written = 0;
    kernel.onTerminal(async (process) => {
      for (; ; written++) await process.print('x'.repeat(10_000));
    }, terminal);
    await expect.poll(() => written).toBe(6);
    await terminal.output.read();
    await expect.poll(() => written).toBeGreaterThan(6);
    await terminal.input(Buffer.from('\x13'));
    while (terminal.output.size > 0) await terminal.output.read();
    const held = written;
    await kernel.time.advance(1000);
    expect([terminal.output.size, written - held <= 1]).toEqual([0, true]);
    await terminal.input(Buffer.from('\x11'));
    await expect.poll(() => terminal.output.size).toBeGreaterThan(0);
  });

  it('KER-38: the keyboard waits for who does not read', async () => {
    const terminal = new PseudoTerminal('/dev/pts/0');
    terminal.setRaw();
    await terminal.input(new Uint8Array(65_536));
    let taken = false;
    const more = terminal.input(Buffer.from('x')).then(() => {
      taken = true;
    });
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    expect(taken).toBe(false);
    await terminal.read({});
    await more;
    expect(taken).toBe(true);
  });
});

function says(words: string): Program {
  return async (process) => {
    await process.print(words);
    return 0;
  };
}

function controlling({ terminal }: ProcessContext) {
  if (terminal === undefined) throw new Error('no controlling terminal');
  return terminal;
}
