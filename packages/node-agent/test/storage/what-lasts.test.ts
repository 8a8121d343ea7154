import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FakeClock, silentLogger } from '@regatta/runtime';
import { afterEach, describe, expect, it } from 'vitest';
import { ContainerLog } from '../../src/runtime/container-log.ts';
import { encodeText } from '../../src/runtime/filesystem/nodes.ts';
import { ContainerLogs } from '../../src/storage/container-logs.ts';
import { DirectoryDisk, MemoryDisk, type NodeDisk } from '../../src/storage/node-disk.ts';
import { TestVolumes, text } from '../support/test-volumes.ts';

const FOLDERS: string[] = [];
afterEach(() => {
  for (const folder of FOLDERS.splice(0)) fs.rmSync(folder, { recursive: true });
});

function realDisk(): { readonly disk: NodeDisk; readonly folder: string } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-disk-'));
  FOLDERS.push(folder);
  return { disk: new DirectoryDisk(folder), folder };
}

const HOST = { name: 'h', hostPath: { path: '/srv/data' } };
const EMPTY = { name: 'e', emptyDir: {} };
const MEMORY = { name: 'm', emptyDir: { medium: 'Memory' } };
const MOUNTS = [
  { name: 'h', mountPath: '/h' },
  { name: 'e', mountPath: '/e' },
  { name: 'm', mountPath: '/m' },
];
const DELAY_MS = 500;

/** The machine after a power loss. */
function reboot(disk: NodeDisk): TestVolumes {
  return new TestVolumes(disk);
}

describe.each([
  ['a folder', realDisk],
  ['memory', () => ({ disk: new MemoryDisk(), folder: '' })],
])('files on %s', (_name, open) => {
  it('VOL-30: hostPath and emptyDir are there after a power loss as they were; what was on memory is not', async () => {
    const { disk } = open();
    const before = new TestVolumes(disk);
    const files = await (await before.pod([HOST, EMPTY, MEMORY])).container(MOUNTS);
    const big = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
    files.makeDirectory('/h/sub/__proto__', true, 0o750);
    files.writeFile('/h/sub/__proto__/big', big, 0o600);
    files.appendFile('/h/sub/__proto__/big', encodeText('end'));
    files.link('/h/sub/__proto__/big', '/h/also');
    files.symlink('sub/__proto__/big', '/h/link');
    files.setOwner('/h/also', { uid: 7, gid: 8 });
    files.writeFile('/e/small', encodeText('small'));
    files.writeFile('/m/gone', encodeText('gone'));
    await before.pass(DELAY_MS);

    const after = reboot(disk);
    const again = await (await after.pod([HOST, EMPTY, MEMORY])).container(MOUNTS);
    expect([...again.readFile('/h/link')]).toEqual([...big, ...encodeText('end')]);
    expect(again.status('/h/also')).toMatchObject({ mode: 0o600, uid: 7, gid: 8, links: 2 });
    expect(again.status('/h/also').ino).toBe(again.status('/h/link').ino);
    expect(again.status('/h/sub').mode).toBe(0o750);
    expect(text(again, '/e/small')).toBe('small');
    expect(again.list('/m')).toEqual([]);
    expect(after.space.used).toBeGreaterThan(5000);
  });

  it('VOL-31: changes after a reboot are kept too, removed files leave nothing', async () => {
    const { disk } = open();
    const first = new TestVolumes(disk);
    const a = await (await first.pod([HOST])).container([{ name: 'h', mountPath: '/h' }]);
    a.writeFile('/h/one', new Uint8Array(2000).fill(1));
    a.writeFile('/h/two', new Uint8Array(2000).fill(2));
    await first.pass(DELAY_MS);
    const second = reboot(disk);
    const b = await (await second.pod([HOST])).container([{ name: 'h', mountPath: '/h' }]);
    b.appendFile('/h/one', encodeText('more'));
    b.unlink('/h/two');
    await second.pass(DELAY_MS);
    const third = reboot(disk);
    const c = await (await third.pod([HOST])).container([{ name: 'h', mountPath: '/h' }]);
    expect(c.list('/h')).toEqual(['one']);
    expect([...c.readFile('/h/one').slice(-5)]).toEqual([1, ...encodeText('more')]);
    expect(disk.readBytes('files/1')?.length).toBe(2004);
    expect(disk.readBytes('files/2')).toBeUndefined();
  });

  it('VOL-31: the machine keeps what was changed of its own files, and no copy of the others', async () => {
    const { disk } = open();
    const first = new TestVolumes(disk);
    const { files } = first.host.disk();
    files.writeFile('/etc/motd', encodeText('welcome'));
    files.unlink('/etc/group');
    await first.pass(DELAY_MS);
    expect(JSON.stringify(disk.read('files/tree')).length).toBeLessThan(2000);
    const again = reboot(disk).host.disk().files;
    expect(text(again, '/etc/motd')).toBe('welcome');
    expect(again.exists('/etc/group')).toBe(false);
    expect(text(again, '/etc/hostname')).toBe('node-1\n');
  });

  it('VOL-32: what belongs to a Pod goes with it, also when it went while the machine was off', async () => {
    const { disk } = open();
    const first = new TestVolumes(disk);
    const pod = await first.pod([EMPTY]);
    (await pod.container([{ name: 'e', mountPath: '/e' }])).writeFile('/e/x', encodeText('x'));
    await first.pass(DELAY_MS);
    expect(disk.folders('volumes')).toEqual(['uid-1']);
    const second = reboot(disk);
    second.host.emptyDirs.retain(() => true);
    expect(disk.folders('volumes')).toEqual(['uid-1']);
    second.host.emptyDirs.remove('uid-1');
    expect(disk.folders('volumes')).toEqual([]);
    disk.write('volumes/uid-2/e/tree', {});
    second.host.emptyDirs.retain(() => false);
    expect(disk.folders('volumes')).toEqual([]);
    pod.volumes.remove();
    await first.pass(DELAY_MS);
    expect(disk.folders('volumes')).toEqual([]);
  });

  it('VOL-33: nothing is written where nothing changes', async () => {
    const { disk } = open();
    const world = new TestVolumes(disk);
    const pod = await world.pod([EMPTY, HOST]);
    await pod.container([
      { name: 'e', mountPath: '/e' },
      { name: 'h', mountPath: '/h' },
    ]);
    await world.pass(DELAY_MS);
    const writes: string[] = [];
    const write = disk.write.bind(disk);
    disk.write = (name, document) => {
      writes.push(name);
      write(name, document);
    };
    await world.pass(100 * DELAY_MS);
    expect(writes).toEqual([]);
  });
});

describe('logs on disk', () => {
  const start = (disk: NodeDisk) => {
    const clock = new FakeClock(Date.UTC(2026, 0, 1));
    const logs = new ContainerLogs({ disk, clock, logger: silentLogger });
    const log = new ContainerLog(clock);
    logs.follow('uid-1', 'c1', log);
    return { clock, logs, log };
  };
  const lines = (logs: ContainerLogs) => logs.read('uid-1', 'c1')?.lines() ?? [];

  it('VOL-34: lines can be read after a power loss, in the format of container runtimes', async () => {
    const { disk, folder } = realDisk();
    const { clock, log } = start(disk);
    log.write('stdout', encodeText('one\ntw'));
    log.write('stderr', encodeText('oops\n'));
    await clock.advance(DELAY_MS);
    log.write('stdout', encodeText('o\n'));
    await clock.advance(DELAY_MS);
    const file = path.join(folder, 'logs', 'uid-1', 'c1.bin');
    expect(fs.readFileSync(file, 'utf8')).toBe(
      '2026-01-01T00:00:00.000000000Z stdout F one\n' +
        '2026-01-01T00:00:00.000000000Z stderr F oops\n' +
        '2026-01-01T00:00:00.500000000Z stdout F two\n',
    );
    const after = new ContainerLogs({ disk, clock, logger: silentLogger });
    expect(lines(after)).toEqual(log.lines());
    fs.appendFileSync(file, '2026-01-01T00:00:01.0000');
    expect(lines(after)).toEqual(log.lines());
    after.retain(new Set());
    expect(fs.existsSync(path.dirname(file))).toBe(false);
  });

  it('VOL-34: a file stays small, the newest lines stay', async () => {
    const disk = new MemoryDisk();
    const { clock, logs, log } = start(disk);
    const line = encodeText(`${'x'.repeat(999)}\n`);
    for (let i = 0; i < 3000; i++) {
      log.write('stdout', line);
      if (i % 100 === 0) await clock.advance(DELAY_MS);
    }
    log.write('stdout', encodeText('the end\n'));
    await clock.advance(DELAY_MS);
    expect(disk.readBytes('logs/uid-1/c1')?.length).toBeLessThan(2 * 1024 * 1024 + 1);
    expect(Buffer.from(lines(logs).at(-1)?.text ?? []).toString()).toBe('the end');
    logs.remove('uid-1', 'c1');
    expect(disk.folders('logs')).toEqual([]);
  });

  it('VOL-36: a disk that fails loses what it should have kept, and nobody notices', async () => {
    const disk = new MemoryDisk();
    const { write, writeBytes } = disk;
    const fail = (): never => {
      throw new Error('the disk is full');
    };
    disk.writeBytes = fail;
    const { clock, logs, log } = start(disk);
    log.write('stdout', encodeText('lost\n'));
    await clock.advance(DELAY_MS);
    expect(lines(logs)).toEqual([]);
    expect(log.lines().length).toBe(1);
    disk.writeBytes = writeBytes;
    log.write('stdout', encodeText('more\n'));
    await clock.advance(DELAY_MS);
    expect(lines(logs)).toEqual(log.lines());
    disk.write = fail;
    const world = new TestVolumes(disk);
    const files = await (await world.pod([EMPTY])).container([{ name: 'e', mountPath: '/e' }]);
    files.writeFile('/e/x', encodeText('in memory'));
    await world.pass(10 * DELAY_MS);
    world.host.flush();
    expect(text(files, '/e/x')).toBe('in memory');
    disk.write = write;
    files.writeFile('/e/y', encodeText('y'));
    await world.pass(20 * DELAY_MS);
    expect(disk.read('volumes/uid-1/e/tree')).toMatchObject({ root: { t: 'd' } });
  });

  it('VOL-33: a container that prints nothing, and a machine that keeps nothing, write no file', async () => {
    const quiet = new MemoryDisk();
    await start(quiet).clock.advance(10 * DELAY_MS);
    expect(quiet.folders('logs')).toEqual([]);
    const none = new MemoryDisk(false);
    const { clock, log } = start(none);
    log.write('stdout', encodeText('x\n'));
    await clock.advance(DELAY_MS);
    expect(none.folders('logs')).toEqual([]);
  });
});
