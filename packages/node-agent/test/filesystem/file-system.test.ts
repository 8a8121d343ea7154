import { describe, expect, it } from 'vitest';
import type { Caller } from '../../src/runtime/filesystem/access.ts';
import { FileError } from '../../src/runtime/filesystem/file-error.ts';
import { FileSpace } from '../../src/runtime/filesystem/file-space.ts';
import { ContainerFileSystem } from '../../src/runtime/filesystem/file-system.ts';
import {
  decodeText,
  directoryNode,
  encodeText,
  fileNode,
  freeze,
  placeNode,
  symlinkNode,
} from '../../src/runtime/filesystem/nodes.ts';

const USER: Caller = { uid: 1000, gid: 1000, groups: [2000], umask: 0o022 };
const OTHER: Caller = { uid: 1001, gid: 1001, groups: [], umask: 0o077 };

let instant = 1;

function system(limit = 1024 * 1024) {
  const space = new FileSpace({ limit });
  const files = new ContainerFileSystem(directoryNode(0o755), () => instant++, space);
  files.makeDirectory('/tmp', false);
  files.setMode('/tmp', 0o1777);
  return { files, space };
}

const write = (files: ContainerFileSystem, path: string, text: string): void => files.writeFile(path, encodeText(text));
const read = (files: ContainerFileSystem, path: string): string => decodeText(files.readFile(path));

function code(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof FileError) return error.code;
    throw error;
  }
  return 'ok';
}

describe('paths', () => {
  it('VOL-1: links lead on, `..` is the parent of where they lead, loops end with ELOOP', () => {
    const { files } = system();
    files.makeDirectory('/a/b', true);
    files.symlink('/a/b', '/tmp/link');
    write(files, '/a/up', 'above');
    expect(read(files, '/tmp/link/../up')).toBe('above');
    expect(files.realPath('/tmp/link')).toBe('/a/b');
    files.symlink('loop', '/tmp/loop');
    expect(code(() => files.readFile('/tmp/loop'))).toBe('ELOOP');
    files.symlink('nowhere', '/tmp/dangling');
    write(files, '/tmp/dangling', 'made');
    expect(read(files, '/tmp/nowhere')).toBe('made');
  });

  it('VOL-1: nothing above the root can be named', () => {
    const { files } = system();
    files.symlink('../../../../etc', '/tmp/out');
    files.makeDirectory('/etc', false);
    write(files, '/tmp/out/x', 'inside');
    expect(read(files, '/../../etc/x')).toBe('inside');
  });

  it('VOL-1: errors are those of the system calls', () => {
    const { files } = system();
    write(files, '/tmp/file', 'x');
    files.makeDirectory('/tmp/dir', false);
    write(files, '/tmp/dir/in', 'x');
    expect(code(() => files.readFile('/tmp/none'))).toBe('ENOENT');
    expect(code(() => files.readFile('/tmp/file/x'))).toBe('ENOTDIR');
    expect(code(() => files.readFile('/tmp/file/'))).toBe('ENOTDIR');
    expect(code(() => files.readFile('/tmp/dir'))).toBe('EISDIR');
    expect(code(() => files.makeDirectory('/tmp/dir', false))).toBe('EEXIST');
    expect(code(() => files.removeDirectory('/tmp/dir'))).toBe('ENOTEMPTY');
    expect(code(() => files.unlink('/tmp/dir'))).toBe('EISDIR');
    expect(code(() => files.rename('/tmp/dir', '/tmp/dir/in/x'))).toBe('ENOTDIR');
    expect(code(() => files.rename('/tmp/dir', '/tmp/dir/x'))).toBe('EINVAL');
    expect(code(() => files.rename('/tmp/file', '/tmp/dir'))).toBe('EISDIR');
    expect(code(() => files.readFile(`/${'n'.repeat(256)}`))).toBe('ENAMETOOLONG');
    expect(new FileError('ENOENT', 'open', '/x').reason).toBe('No such file or directory');
  });
});

describe('owners and modes', () => {
  it('VOL-2: a file is read and written by those whom its mode lets', () => {
    const { files } = system();
    const user = files.as(USER);
    const other = files.as(OTHER);
    write(user, '/tmp/mine', 'secret');
    expect(user.status('/tmp/mine')).toMatchObject({ uid: 1000, gid: 1000, mode: 0o644, size: 6 });
    expect(read(other, '/tmp/mine')).toBe('secret');
    expect(code(() => write(other, '/tmp/mine', 'x'))).toBe('EACCES');
    user.setMode('/tmp/mine', 0o600);
    expect(code(() => other.readFile('/tmp/mine'))).toBe('EACCES');
    expect(code(() => other.setMode('/tmp/mine', 0o777))).toBe('EPERM');
    expect(code(() => user.setOwner('/tmp/mine', { uid: 0 }))).toBe('EPERM');
    user.setOwner('/tmp/mine', { gid: 2000 });
    expect(user.status('/tmp/mine').gid).toBe(2000);
    expect(read(files, '/tmp/mine')).toBe('secret');
  });

  it('VOL-2: names are made and taken by those who may write the directory; sticky ones keep owners apart', () => {
    const { files } = system();
    const user = files.as(USER);
    const other = files.as(OTHER);
    expect(code(() => write(user, '/at-root', 'x'))).toBe('EACCES');
    write(user, '/tmp/mine', 'x');
    expect(code(() => other.unlink('/tmp/mine'))).toBe('EPERM');
    expect(code(() => other.rename('/tmp/mine', '/tmp/yours'))).toBe('EPERM');
    user.makeDirectory('/tmp/private', false, 0o700);
    write(user, '/tmp/private/x', 'x');
    expect(code(() => other.readFile('/tmp/private/x'))).toBe('EACCES');
    expect(code(() => other.list('/tmp/private'))).toBe('EACCES');
    write(other, '/tmp/theirs', 'x');
    expect(other.status('/tmp/theirs').mode).toBe(0o600);
    user.unlink('/tmp/mine');
    expect(files.list('/tmp')).toEqual(['private', 'theirs']);
  });

  it('VOL-2: a setgid directory hands its group on', () => {
    const { files } = system();
    files.makeDirectory('/data', false);
    files.setOwner('/data', { gid: 2000 });
    files.setMode('/data', 0o2775);
    const user = files.as(USER);
    write(user, '/data/x', 'x');
    user.makeDirectory('/data/sub', false);
    expect(files.status('/data/x').gid).toBe(2000);
    expect(files.status('/data/sub')).toMatchObject({ gid: 2000, mode: 0o2755 });
  });
});

describe('open files', () => {
  it('VOL-3: have an offset, append at the end, and outlive their name', () => {
    const { files, space } = system();
    const file = files.open('/tmp/x', { read: true, write: true, create: true });
    file.write(encodeText('hello'));
    file.seek(1);
    expect(decodeText(file.read(3) ?? encodeText(''))).toBe('ell');
    const appender = files.open('/tmp/x', { append: true });
    appender.write(encodeText(' world'));
    expect(read(files, '/tmp/x')).toBe('hello world');
    expect(code(() => files.open('/tmp/x', { create: true, exclusive: true }))).toBe('EEXIST');
    const used = space.used;
    files.unlink('/tmp/x');
    expect(decodeText(file.read(100) ?? encodeText(''))).toBe('o world');
    expect(file.read(100)).toBeUndefined();
    file.close();
    appender.close();
    expect(space.used).toBeLessThanOrEqual(used - 'hello world'.length);
  });

  it('VOL-3: what is opened for writing takes no right to read, and gives none', () => {
    const { files } = system();
    const user = files.as(USER);
    write(user, '/tmp/drop', 'x');
    user.setMode('/tmp/drop', 0o200);
    const file = user.open('/tmp/drop', { append: true });
    file.write(encodeText('y'));
    expect(code(() => file.read(1))).toBe('EBADF');
    expect(code(() => user.open('/tmp/drop', { read: true, write: true }))).toBe('EACCES');
    expect(code(() => user.open('/tmp/drop', {}))).toBe('EACCES');
    expect(code(() => files.open('/tmp/drop', {}).write(encodeText('z')))).toBe('EBADF');
    expect(read(files, '/tmp/drop')).toBe('xy');
  });

  it('VOL-3: a gap reads as zeros; what is cut is gone', () => {
    const { files } = system();
    const file = files.open('/tmp/x', { write: true, create: true });
    file.seek(3);
    file.write(encodeText('x'));
    expect([...files.readFile('/tmp/x')]).toEqual([0, 0, 0, 120]);
    files.truncate('/tmp/x', 1);
    files.truncate('/tmp/x', 2);
    expect([...files.readFile('/tmp/x')]).toEqual([0, 0]);
  });

  it('VOL-3: hard links share bytes until the last name is gone', () => {
    const { files, space } = system();
    const before = space.used;
    write(files, '/tmp/a', 'one');
    files.link('/tmp/a', '/tmp/b');
    files.appendFile('/tmp/b', encodeText(' two'));
    expect(read(files, '/tmp/a')).toBe('one two');
    expect(files.status('/tmp/a').links).toBe(2);
    files.unlink('/tmp/a');
    expect(read(files, '/tmp/b')).toBe('one two');
    files.unlink('/tmp/b');
    expect(space.used).toBe(before);
    expect(code(() => files.link('/tmp', '/tmp/c'))).toBe('EPERM');
  });
});

describe('room', () => {
  it('VOL-4: what is full refuses with ENOSPC and keeps what was there; what is removed gives room', () => {
    const node = new FileSpace({ limit: 3000 });
    const files = new ContainerFileSystem(directoryNode(), () => 0, new FileSpace({ limit: 2000, parent: node }));
    const others = new ContainerFileSystem(directoryNode(), () => 0, new FileSpace({ limit: 2000, parent: node }));
    files.writeFile('/a', new Uint8Array(1500));
    expect(code(() => files.appendFile('/a', new Uint8Array(1000)))).toBe('ENOSPC');
    expect(files.readFile('/a').length).toBe(1500);
    expect(code(() => others.writeFile('/b', new Uint8Array(1500)))).toBe('ENOSPC');
    files.unlink('/a');
    others.writeFile('/b', new Uint8Array(1500));
    expect(files.fileSystemStatus('/').used).toBe(0);
    expect(node.used).toBeGreaterThan(1500);
  });

  it('VOL-4: names cost room too', () => {
    const { files } = system(64 * 1024);
    const made = Array.from({ length: 10_000 }, (_, i) => i).findIndex(
      (i) => code(() => write(files, `/tmp/${i}`, '')) === 'ENOSPC',
    );
    expect(made).toBeGreaterThan(100);
    expect(made).toBeLessThan(1000);
  });
});

describe('layers of an image', () => {
  function image() {
    const root = directoryNode();
    placeNode(root, '/etc/app/conf', fileNode('from the image'));
    placeNode(root, '/etc/app/other', fileNode('other'));
    placeNode(root, '/run', directoryNode());
    placeNode(root, '/var/run', symlinkNode('/run'));
    freeze(root);
    return root;
  }

  it('VOL-5: containers of an image share its files; each keeps its own changes', () => {
    const layer = image();
    const [a, b] = [new ContainerFileSystem(layer, () => 5), new ContainerFileSystem(layer, () => 5)];
    a.appendFile('/etc/app/conf', encodeText(', changed'));
    a.unlink('/etc/app/other');
    a.setMode('/etc', 0o700);
    expect(read(a, '/etc/app/conf')).toBe('from the image, changed');
    expect(a.list('/etc/app')).toEqual(['conf']);
    expect(read(b, '/etc/app/conf')).toBe('from the image');
    expect(b.list('/etc/app')).toEqual(['conf', 'other']);
    expect(b.status('/etc').mode).toBe(0o755);
    a.rename('/etc/app', '/etc/moved');
    expect(b.exists('/etc/moved')).toBe(false);
    a.remove('/etc', { recursive: true });
    expect(read(b, '/etc/app/other')).toBe('other');
  });

  it('VOL-5: a volume mounted through a link of the image is found both ways', () => {
    const files = new ContainerFileSystem(image(), () => 5);
    const volume = directoryNode();
    placeNode(volume, 'token', fileNode('t'));
    files.mount('/var/run/secrets/here', volume, { readOnly: true });
    expect(read(files, '/run/secrets/here/token')).toBe('t');
    expect(read(files, '/var/run/secrets/here/token')).toBe('t');
    expect(files.formatMounts()).toContain('/dev/vda1 /run/secrets/here ext4 ro,relatime 0 0\n');
  });
});

describe('mounts', () => {
  it('VOL-6: a read-only mount refuses every change with EROFS, for root too', () => {
    const { files } = system();
    const volume = directoryNode();
    placeNode(volume, 'x', fileNode('x'));
    files.mount('/mnt', volume, { readOnly: true });
    const changes = [
      () => write(files, '/mnt/x', 'y'),
      () => write(files, '/mnt/new', 'y'),
      () => files.unlink('/mnt/x'),
      () => files.setMode('/mnt/x', 0o777),
      () => files.setOwner('/mnt', { uid: 5 }),
      () => files.makeDirectory('/mnt/d', false),
      () => files.symlink('x', '/mnt/l'),
    ];
    expect(changes.map(code)).toEqual(changes.map(() => 'EROFS'));
    files.makeRootReadOnly();
    expect(code(() => write(files, '/tmp/x', 'y'))).toBe('EROFS');
  });

  it('VOL-6: a mount stays: it is not removed or renamed, and nothing is linked or renamed across it', () => {
    const { files } = system();
    files.mount('/tmp/v/inner', directoryNode());
    write(files, '/tmp/x', 'x');
    expect(code(() => files.removeDirectory('/tmp/v/inner'))).toBe('EBUSY');
    expect(code(() => files.rename('/tmp/v', '/tmp/w'))).toBe('EBUSY');
    expect(code(() => files.remove('/tmp/v', { recursive: true }))).toBe('EBUSY');
    expect(code(() => files.rename('/tmp/x', '/tmp/v/inner/x'))).toBe('EXDEV');
    expect(code(() => files.link('/tmp/x', '/tmp/v/inner/x'))).toBe('EXDEV');
    files.move('/tmp/x', '/tmp/v/inner/x');
    expect(read(files, '/tmp/v/inner/x')).toBe('x');
    expect(files.exists('/tmp/x')).toBe(false);
  });

  it('VOL-6: what one container mounts into a shared volume, others do not see', () => {
    const shared = directoryNode();
    const [a, b] = [system().files, system().files];
    const inner = directoryNode();
    placeNode(inner, 'x', fileNode('x'));
    for (const files of [a, b]) files.mount('/shared', shared);
    a.mount('/shared/inner', inner);
    expect(a.list('/shared/inner')).toEqual(['x']);
    expect(b.list('/shared/inner')).toEqual([]);
  });
});
