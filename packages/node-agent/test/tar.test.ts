import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ProcessSession } from '../src/runtime/container-runtime.ts';
import { TestContainers } from './support/test-container.ts';

interface Result {
  readonly code: number;
  readonly out: Buffer;
  readonly err: string;
}

async function collect(session: ProcessSession): Promise<Result> {
  const out: Uint8Array[] = [];
  let err = '';
  for await (const { stream, bytes } of session.output) {
    if (stream === 'stdout') out.push(bytes);
    else err += Buffer.from(bytes).toString();
  }
  return { code: await session.exitCode, out: Buffer.concat(out), err };
}

/** A container in which commands run, with bytes for their input. */
async function setUp() {
  const containers = new TestContainers();
  const { id } = await containers.start('busybox', { command: ['sleep', '1000'] });
  return async (command: readonly string[], input?: Uint8Array): Promise<Result> => {
    const session = await containers.runtime.exec(id, { command, stdin: input !== undefined, tty: false });
    const result = collect(session);
    for (let at = 0; input !== undefined && at < input.length; at += 10_000)
      await session.writeStdin(input.subarray(at, at + 10_000));
    session.endStdin();
    return result;
  };
}

/** Bytes that compress badly and repeat never, from a seed. */
function noise(size: number): Buffer {
  let state = 1;
  return Buffer.from(
    Uint8Array.from({ length: size }, () => {
      state = (state * 48_271) % 2_147_483_647;
      return state & 0xff;
    }),
  );
}

describe('tar', () => {
  it('CN-70: what it writes it reads, byte for byte, with modes, links and long names', async () => {
    const run = await setUp();
    const long = `${'d'.repeat(80)}/${'f'.repeat(120)}`;
    await run(['mkdir', '-p', `/src/${'d'.repeat(80)}`, '/dst']);
    const bytes = noise(300_000);
    await run(['sh', '-c', `cat > /src/${long}`], bytes);
    await run(['sh', '-c', 'echo x > /src/a; chmod 755 /src/a; ln -s a /src/link; mkdir /src/empty']);
    const archive = await run(['tar', 'cf', '-', '-C', '/src', '.']);
    expect(archive.code).toBe(0);
    expect(archive.out.length % 10_240).toBe(0);
    const extracted = await run(['tar', '-xmf', '-', '-C', '/dst'], archive.out);
    expect([extracted.code, extracted.err]).toEqual([0, '']);
    expect((await run(['cat', `/dst/${long}`])).out.equals(bytes)).toBe(true);
    expect((await run(['readlink', '/dst/link'])).out.toString()).toBe('a\n');
    expect((await run(['sh', '-c', 'test -x /dst/a && test -d /dst/empty && cat /dst/link'])).out.toString()).toBe(
      'x\n',
    );
  });

  it("CN-71: GNU tar reads its archives, and it GNU tar's, plain and with gzip", async () => {
    const run = await setUp();
    const folder = mkdtempSync(join(tmpdir(), 'regatta-tar-'));
    try {
      const name = 'n'.repeat(150);
      writeFileSync(join(folder, name), 'contents\n');
      for (const flags of [['-cf'], ['-czf'], ['--format=pax', '-cf']]) {
        const archive = execFileSync('tar', [...flags, '-', '-C', folder, name]);
        const listed = await run(['tar', 'tf', '-'], archive);
        expect([listed.code, listed.out.toString()]).toEqual([0, `${name}\n`]);
        expect((await run(['tar', '-xOf', '-'], archive)).out.toString()).toBe('contents\n');
      }
      await run(['sh', '-c', `echo back > /tmp/${name}`]);
      const ours = await run(['tar', 'czf', '-', '-C', '/tmp', name]);
      execFileSync('tar', ['-xzf', '-', '-C', folder], { input: ours.out });
      expect(readFileSync(join(folder, name), 'utf8')).toBe('back\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('CN-72: names never lead out of the directory, and missing files are told at the end', async () => {
    const run = await setUp();
    const absolute = await run(['tar', 'cf', '-', '/etc/hostname', '/nope']);
    expect([absolute.code, absolute.err]).toEqual([
      1,
      "tar: removing leading '/' from member names\ntar: /nope: No such file or directory\ntar: error exit delayed from previous errors\n",
    ]);
    expect((await run(['tar', 't'], absolute.out)).out.toString()).toBe('etc/hostname\n');
    const evil = execFileSync('tar', ['-P', '-cf', '-', '--transform=s,.*,../../evil,', '/etc/hostname']);
    await run(['mkdir', '-p', '/a/b/c']);
    await run(['tar', '-xf', '-', '-C', '/a/b/c'], evil);
    expect((await run(['sh', '-c', 'ls /a/b/c; ls /a'])).out.toString()).toBe('evil\nb\n');
  });

  it('CN-73: what is no archive, or ends early, fails with a word', async () => {
    const run = await setUp();
    expect((await run(['tar', 'xf', '-'], Buffer.alloc(600, 'x'))).err).toBe('tar: invalid tar magic\n');
    expect((await run(['tar', 'xf', '-'], Buffer.from('short'))).err).toBe('tar: short read\n');
    expect((await run(['tar', 'xzf', '-'], Buffer.from('no gzip at all'))).err).toBe('tar: corrupted data\n');
    expect((await run(['tar', 'xf', '/nope.tar'])).err).toBe(
      "tar: can't open '/nope.tar': No such file or directory\n",
    );
    expect(await run(['tar'])).toMatchObject({ code: 1, err: expect.stringContaining('tar: bad usage\n') });
  });
});

describe('tail, for cp with retries', () => {
  it('CN-74: bytes from the start or the end, of megabytes too', async () => {
    const run = await setUp();
    const bytes = noise(3_000_000);
    await run(['sh', '-c', 'cat > /big'], bytes);
    for (const [from, expected] of [
      ['+1', bytes],
      ['+2000001', bytes.subarray(2_000_000)],
      ['+9000000', Buffer.alloc(0)],
      ['100000', bytes.subarray(-100_000)],
      ['0', Buffer.alloc(0)],
    ] as const) {
      const { out } = await run(['tail', '-c', from, '/big']);
      expect([from, out.equals(expected)]).toEqual([from, true]);
    }
  });
});
