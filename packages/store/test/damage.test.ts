/** What happens to the files of a store behind its back: told apart, reported, never hidden. */
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, seededRandom, silentLogger } from '@regatta/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkFolder } from '../src/level/integrity/check-folder.ts';
import { openLevelStore, type Store } from '../src/mod.ts';
import { seedFor } from './seed.ts';

const VALUE = 300;
const EARLY = 400;
const LATE = 100;

/** Two folders with the same writes: one as a crash leaves it (all but the last batch in the log), one closed in tables. */
describe('damaged files', () => {
  let root = '';
  let crashed = '';
  let tabled = '';
  let path = '';
  let copies = 0;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'regatta-damage-'));
    const work = join(root, 'work');
    crashed = join(root, 'crashed');
    tabled = join(root, 'tabled');
    let store = await open(work);
    await fill(store, 0, EARLY);
    await store.close();
    store = await open(work);
    await fill(store, EARLY, LATE);
    await cp(work, crashed, { recursive: true });
    await store.close();
    await (await open(work)).close();
    await cp(work, tabled, { recursive: true });
  });
  beforeEach(() => {
    path = join(root, `copy-${copies++}`);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('ST-34: undamaged copies open with everything', async () => {
    for (const origin of [crashed, tabled]) {
      await cp(origin, join(path, 'x'), { recursive: true, force: true });
      expect(await outcome(join(path, 'x'))).toBe('whole');
      await rm(path, { recursive: true });
    }
  });

  it('ST-34: a torn end of the newest log loses nothing that was acknowledged', async () => {
    await cp(crashed, path, { recursive: true });
    const log = join(path, await newest(path, '.log'));
    const whole = await readFile(log);
    // A batch that was on its way when the power failed: its first fragment is there, or garbage, or zeros.
    for (const tail of [whole.subarray(-200, -1), Buffer.alloc(5000), Buffer.from('torn'), whole.subarray(0, 3)]) {
      await rm(path, { recursive: true });
      await cp(crashed, path, { recursive: true });
      await writeFile(log, Buffer.concat([whole, tail]));
      expect(await outcome(path)).toBe('whole');
    }
  });

  it('ST-34: a process that was killed while it opened a torn log, and had begun a new one, loses nothing either', async () => {
    await cp(crashed, path, { recursive: true });
    const log = await newest(path, '.log');
    await writeFile(join(path, log), Buffer.concat([await readFile(join(path, log)), Buffer.from('torn')]));
    await writeFile(join(path, `${String(Number.parseInt(log, 10) + 2).padStart(6, '0')}.log`), '');
    expect(await outcome(path)).toBe('whole');
  });

  it('ST-35: a log that is cut before another one goes on is reported', async () => {
    await cp(crashed, path, { recursive: true });
    const log = await newest(path, '.log');
    const whole = await readFile(join(path, log));
    const next = join(path, `${String(Number.parseInt(log, 10) + 2).padStart(6, '0')}.log`);
    await writeFile(next, whole);
    await truncate(join(path, log), whole.length - 5);
    expect(await outcome(path)).toContain(`${log} is cut`);
    await writeFile(join(path, log), whole.subarray(0, whole.length >> 1));
    await rm(next);
    await cp(join(tabled, 'REVISION'), join(path, 'REVISION'));
    expect(await outcome(path)).toMatch(/writes up to 500 are lost/);
  });

  it('ST-35: a log that ends before what was marked is reported', async () => {
    await cp(tabled, path, { recursive: true });
    const store = await open(path);
    await store.txn({ key: 'last', value: Buffer.from('x') });
    await store.close();
    await truncate(join(path, await newest(path, '.log')), 20);
    expect(await outcome(path)).toContain(
      `ends at revision ${EARLY + LATE}, writes up to ${EARLY + LATE + 1} are lost`,
    );
  });

  it.each([
    ['CURRENT', 'CURRENT is missing'],
    ['MANIFEST', 'is missing'],
    ['.ldb', '.ldb is missing'],
    ['.log', '.log is missing'],
  ])('ST-35: without its %s the folder is refused and left as it is', async (kind, sentence) => {
    await cp(crashed, path, { recursive: true });
    await rm(join(path, await newest(path, kind)));
    const before = await readdir(path);
    expect(await outcome(path)).toContain(sentence);
    expect((await readdir(path)).filter((name) => !name.startsWith('LOG'))).toEqual(
      before.filter((name) => !name.startsWith('LOG')),
    );
  });

  it.each(['CURRENT', 'MANIFEST', '.ldb', '.log'])('ST-35: an empty %s is reported', async (kind) => {
    await cp(crashed, path, { recursive: true });
    // Everything that was acknowledged a second before the crash is marked.
    await (await open(path)).close();
    await rm(path, { recursive: true });
    await cp(crashed, path, { recursive: true });
    await cp(join(tabled, 'REVISION'), join(path, 'REVISION'));
    await truncate(join(path, await newest(path, kind)));
    expect(await outcome(path)).toMatch(
      /^the data in .* is damaged: .*Keep a copy of the folder, then restore a snapshot$/,
    );
  });

  it('ST-36: files of others in the folder are left alone', async () => {
    await cp(crashed, path, { recursive: true });
    await writeFile(join(path, 'holiday.jpg'), 'x');
    expect(await outcome(path)).toBe('whole');
    expect(await readdir(path)).toContain('holiday.jpg');
  });

  it('ST-36: a mark that is damaged itself proves nothing', async () => {
    await cp(crashed, path, { recursive: true });
    await writeFile(join(path, 'REVISION'), '999999 0 00000000\n');
    expect(await outcome(path)).toBe('whole');
  });

  it('ST-35: a flipped bit anywhere is reported, or loses nothing', async () => {
    const seed = seedFor('flips');
    const random = seededRandom(seed);
    for (let round = 0; round < 60; round++) {
      const origin = round % 2 === 0 ? crashed : tabled;
      await cp(origin, path, { recursive: true });
      await cp(join(tabled, 'REVISION'), join(path, 'REVISION'));
      const files = (await readdir(path)).filter((name) => /^(CURRENT|MANIFEST.*|.*\.log|.*\.ldb)$/.test(name));
      const file = files[Math.floor(random.next() * files.length)] ?? '';
      const bytes = await readFile(join(path, file));
      const at = Math.floor(random.next() * bytes.length);
      if (bytes.length > 0) bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << Math.floor(random.next() * 8)), at);
      await writeFile(join(path, file), bytes);
      const found = await outcome(path);
      if (found !== 'whole') expect(found, `seed ${seed}, round ${round}, ${file} at ${at}`).toContain('is damaged');
      await rm(path, { recursive: true });
    }
  });

  it('ST-35: a start reads a bounded amount through; what is older must be there with its size', async () => {
    await cp(tabled, path, { recursive: true });
    const table = join(path, (await readdir(path)).filter((name) => name.endsWith('.ldb')).sort()[0] ?? '');
    const bytes = await readFile(table);
    await writeFile(table, bytes.fill(0, 1000, 1100));
    await expect(checkFolder(path)).rejects.toMatchObject({ code: 'corrupt' });
    await checkFolder(path, 0);
    await truncate(table, 1100);
    await expect(checkFolder(path, 0)).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('ST-37: damage that appears while the store is open is noticed by whoever reads it, and stops all writing', async () => {
    await cp(tabled, path, { recursive: true });
    const store = await open(path);
    for (const name of (await readdir(path)).filter((file) => file.endsWith('.ldb'))) {
      const bytes = await readFile(join(path, name));
      for (let at = 2000; at < bytes.length - 2000; at += 500) bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
      await writeFile(join(path, name), bytes);
    }
    await expect(readAll(store)).rejects.toMatchObject({ code: 'corrupt' });
    expect(store.failure).toMatchObject({ code: 'corrupt' });
    await expect(store.txn({ key: 'new', value: Buffer.from('x') })).rejects.toMatchObject({ code: 'corrupt' });
    await store.close();
  });

  async function outcome(folder: string): Promise<string> {
    let store: Store;
    try {
      store = await open(folder);
    } catch (error) {
      expect(error).toMatchObject({ code: 'corrupt' });
      return error instanceof Error ? error.message : '';
    }
    try {
      await readAll(store);
      return 'whole';
    } finally {
      await store.close();
    }
  }
});

function open(path: string): Promise<Store> {
  return openLevelStore({ path, clock: new FakeClock(), logger: silentLogger });
}

async function fill(store: Store, from: number, count: number): Promise<void> {
  for (let i = from; i < from + count; i++) await store.txn({ key: keyOf(i), value: Buffer.from(valueFor(i)) });
}

/** Every write of `fill` is there, in the state and in the log. */
async function readAll(store: Store): Promise<void> {
  const { items } = await store.range('key');
  expect(items.map((item) => Buffer.from(item.value).toString())).toEqual(
    Array.from({ length: EARLY + LATE }, (_, i) => valueFor(i)),
  );
  let revision = 0;
  for await (const batch of store.watch('', { fromRevision: 1, signal: new AbortController().signal })) {
    for (const event of batch.events) {
      revision++;
      expect(event).toMatchObject({ revision, key: keyOf(revision - 1) });
    }
    if (batch.revision >= EARLY + LATE) break;
  }
}

function keyOf(i: number): string {
  return `key-${String(i).padStart(6, '0')}`;
}

function valueFor(i: number): string {
  return `value of ${i} `.padEnd(VALUE, String.fromCharCode(97 + (i % 26)));
}

async function newest(path: string, kind: string): Promise<string> {
  const names = (await readdir(path)).filter((name) => name.includes(kind)).sort();
  return names.at(-1) ?? '';
}
