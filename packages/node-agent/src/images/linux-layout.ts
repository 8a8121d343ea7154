/**
 * The files that every Linux base image has, as far as scripts look at them.
 */
import { type DirectoryNode, directoryNode, fileNode, placeNode, symlinkNode } from '../runtime/filesystem/nodes.ts';

export interface LinuxRelease {
  readonly id: string;
  readonly name: string;
  readonly version: string;
}

export const DEBIAN: LinuxRelease = { id: 'debian', name: 'Debian GNU/Linux', version: '12 (bookworm)' };
export const ALPINE: LinuxRelease = { id: 'alpine', name: 'Alpine Linux', version: 'v3.22' };
export const BUSYBOX: LinuxRelease = { id: 'busybox', name: 'BusyBox', version: '1.37.0' };

const DIRECTORIES = [
  'bin',
  'dev',
  'etc',
  'home',
  'proc',
  'root',
  'run',
  'sbin',
  'sys',
  'tmp',
  'usr/bin',
  'usr/sbin',
  'var/log',
  'var/run',
];

export function populateLinux(root: DirectoryNode, release: LinuxRelease, now: number): void {
  for (const path of DIRECTORIES) placeNode(root, path, directoryNode(path === 'tmp' ? 0o1777 : 0o755, now));
  const text = (path: string, content: string): void => placeNode(root, path, fileNode(content, 0o644, now));
  text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n');
  text('etc/group', 'root:x:0:\nnogroup:x:65534:\n');
  text('etc/nsswitch.conf', 'hosts: files dns\n');
  text(
    'etc/os-release',
    `PRETTY_NAME="${release.name} ${release.version}"\nNAME="${release.name}"\nID=${release.id}\n`,
  );
  placeNode(root, 'etc/mtab', symlinkNode('/proc/mounts', now));
}

/** A file that stands for a program: it can be seen and found, its bytes mean nothing. */
export function placePrograms(root: DirectoryNode, paths: readonly string[], now: number): void {
  for (const path of paths) placeNode(root, path, fileNode('\x7fELF', 0o755, now));
}
