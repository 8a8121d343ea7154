/**
 * What a path means to the process that opens it: its own descriptors and its terminal have names, as have those of
 * others it may look at; everything else is a file of its container.
 */
import { FileError } from '../filesystem/file-error.ts';
import { ContainerFileSystem } from '../filesystem/file-system.ts';
import type { OpenFlags } from '../filesystem/open-node.ts';
import { openPath } from '../filesystem/regular-file.ts';
import { FullDevice, NullDevice, RandomDevice, ZeroDevice } from './devices.ts';
import type { OpenFile } from './open-file.ts';
import type { ProcessIo } from './process-io.ts';

const OWN_DESCRIPTORS: ReadonlyMap<string, number> = new Map([
  ['/dev/stdin', 0],
  ['/dev/stdout', 1],
  ['/dev/stderr', 2],
]);

const DESCRIPTOR = /^(?:\/dev\/fd|\/proc\/(\d+)\/fd)\/(\d+)$/;

/** @throws FileError */
export function openFor(process: ProcessIo, path: string, flags: OpenFlags): OpenFile {
  const absolute = ownPath(process, path);
  const special = openSpecial(process, absolute) ?? openSpecial(process, realPath(process, absolute));
  return special ?? openPath(process.fileSystem(), absolute, flags);
}

/** The path from the root, /proc/self being the process itself. */
export function ownPath(process: ProcessIo, path: string): string {
  if (path === '') throw new FileError('ENOENT', 'open', path);
  return ContainerFileSystem.resolve(process.cwd, path).replace(
    /^\/proc\/(self|thread-self)(?=\/|$)/,
    `/proc/${process.pid}`,
  );
}

function realPath(process: ProcessIo, path: string): string {
  const files = process.fileSystem();
  return files.exists(path) ? ownPath(process, files.realPath(path)) : path;
}

function openSpecial(process: ProcessIo, path: string): OpenFile | undefined {
  const own = OWN_DESCRIPTORS.get(path);
  if (own !== undefined) return openDescriptor(process, undefined, own);
  const match = DESCRIPTOR.exec(path);
  if (match) return openDescriptor(process, match[1], Number(match[2]));
  if (path === '/dev/tty') return openTerminal(process);
  return openDevice(process, path);
}

function openDescriptor(process: ProcessIo, pid: string | undefined, fd: number): OpenFile {
  const owner = pid === undefined ? process : process.kernel.process(Number(pid));
  const path = `/proc/${pid ?? process.pid}/fd/${fd}`;
  if (owner === undefined || owner.status !== undefined || !owner.fds.has(fd))
    throw new FileError('ENOENT', 'open', path);
  const { uid } = process.credentials;
  if (uid !== 0 && uid !== owner.credentials.uid) throw new FileError('EACCES', 'open', path);
  return owner.fds.get(fd).retain();
}

function openTerminal({ terminal }: ProcessIo): OpenFile {
  if (terminal === undefined) throw new FileError('ENXIO', 'open', '/dev/tty');
  return terminal.open();
}

function openDevice({ host }: ProcessIo, path: string): OpenFile | undefined {
  switch (path) {
    case '/dev/null':
      return new NullDevice(path);
    case '/dev/zero':
      return new ZeroDevice(path);
    case '/dev/full':
      return new FullDevice(path);
    case '/dev/random':
    case '/dev/urandom':
      return new RandomDevice(path, host.cgroup.kernel.random);
    default:
      return undefined;
  }
}
