import { describe, expect, it } from 'vitest';
import { ContainerLog } from '../src/runtime/container-log.ts';
import { type LogOptions, readLog } from '../src/server/log-stream.ts';

const START = Date.UTC(2026, 0, 1, 0, 0, 0, 120);

function filled(...writes: readonly string[]): { log: ContainerLog; tick: () => void } {
  let now = START;
  const log = new ContainerLog({ now: () => now });
  const tick = (): void => {
    now += 1000;
  };
  for (const text of writes) {
    log.write('stdout', Buffer.from(text));
    tick();
  }
  return { log, tick };
}

async function read(log: ContainerLog, options: Partial<LogOptions> = {}): Promise<string> {
  let text = '';
  const signal = new AbortController().signal;
  for await (const bytes of readLog(log, { timestamps: false, follow: false, ...options }, signal))
    text += Buffer.from(bytes).toString();
  return text;
}

describe('container logs', () => {
  it('NA-60: gives lines as they were written, joined over writes', async () => {
    const { log } = filled('a', 'b\nc\n', '\nend');
    expect(await read(log)).toBe('ab\nc\n\n');
    log.close();
    expect(await read(log)).toBe('ab\nc\n\nend');
  });

  it('NA-61: the last lines, those since an instant, and a number of bytes', async () => {
    const { log } = filled('one\n', 'two\n', 'three\n');
    expect(await read(log, { tailLines: 2 })).toBe('two\nthree\n');
    expect(await read(log, { tailLines: 0 })).toBe('');
    expect(await read(log, { since: START + 1000 })).toBe('two\nthree\n');
    expect(await read(log, { limitBytes: 5 })).toBe('one\nt');
    expect(await read(log, { tailLines: 1, timestamps: true })).toBe('2026-01-01T00:00:02.120000000Z three\n');
  });

  it('NA-62: follows until the container ends', async () => {
    const { log } = filled('one\n');
    const followed = read(log, { follow: true });
    log.write('stderr', Buffer.from('two\n'));
    log.close();
    expect(await followed).toBe('one\ntwo\n');
  });

  it('NA-63: cuts long lines like containerd and counts one as one', async () => {
    const long = 'x'.repeat(40_000);
    const { log } = filled('first\n', `${long}\n`, 'last\n');
    expect(log.lines()).toHaveLength(5);
    expect(await read(log, { tailLines: 2 })).toBe(`${long}\nlast\n`);
  });

  it('NA-64: is bounded, the oldest lines going first', async () => {
    const { log } = filled();
    for (let i = 0; i < 50_000; i++) log.write('stdout', Buffer.from(`line ${i}\n`));
    expect(log.lines().length).toBeLessThanOrEqual(20_000);
    expect(await read(log, { tailLines: 1 })).toBe('line 49999\n');
  });

  it('NA-166: one stream alone', async () => {
    const { log } = filled('out\n');
    log.write('stderr', Buffer.from('err\n'));
    expect(await read(log, { stream: 'stdout' })).toBe('out\n');
    expect(await read(log, { stream: 'stderr' })).toBe('err\n');
  });

  it('NA-167: a reader who stops holds nothing up, and goes on with what is kept when it reads again', async () => {
    const { log } = filled('first\n');
    const { signal } = new AbortController();
    const reader = readLog(log, { timestamps: false, follow: true }, signal);
    expect(String((await reader.next()).value)).toBe('first\n');
    for (let i = 0; i < 30_000; i++) log.write('stdout', Buffer.from(`line ${i}\n`));
    log.close();
    let text = '';
    for await (const bytes of reader) text += Buffer.from(bytes).toString();
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(log.lines().length);
    expect(lines.at(-1)).toBe('line 29999');
  });

  it('NA-168: a follower that goes away stops listening', async () => {
    const { log } = filled('one\n');
    const gone = new AbortController();
    const reader = readLog(log, { timestamps: false, follow: true }, gone.signal);
    await reader.next();
    const next = reader.next();
    gone.abort();
    expect(await next).toMatchObject({ done: true });
  });
});
