/**
 * Which programs a container with a shell has, by name: shells, and the applets of all families. Knows them without
 * loading them: most containers never run any.
 */
import { archiveApplet } from '../../programs/archive/applets.ts';
import { fileApplet } from '../../programs/files/applets.ts';
import { libraryApplet } from '../../programs/library/applets.ts';
import { networkApplet, networkServer } from '../../programs/network/applets.ts';
import type { NetworkProgram } from '../../programs/network/network-process.ts';
import { processApplet } from '../../programs/process/applets.ts';
import { systemApplet } from '../../programs/system/applets.ts';
import { textApplet } from '../../programs/text/applets.ts';
import { FileError } from '../filesystem/file-error.ts';
import type { ContainerFileSystem } from '../filesystem/file-system.ts';
import type { Program } from '../process/process-context.ts';

const SHELLS: ReadonlySet<string> = new Set(['sh', 'ash', 'bash', 'dash']);
const BIN = /^\/(usr\/)?(local\/)?s?bin\//;

/**
 * The program behind a name or path; undefined when there is none.
 * @throws FileError EACCES for a file that can't be executed
 */
export function findShellProgram(name: string, files: ContainerFileSystem | undefined): Program | undefined {
  const base = BIN.test(name) ? name.replace(BIN, '') : name;
  const program = SHELLS.has(base) ? runShell : base === 'busybox' ? runBusybox : applet(base);
  if (program !== undefined) return program;
  return name.startsWith('/') && files?.exists(name) ? fileProgram(name, files) : undefined;
}

/** The applet of a name, whatever its family. */
export function applet(name: string): Program | undefined {
  const server = networkServer(name);
  if (server !== undefined) return server;
  const fetching = networkApplet(name) ?? archiveApplet(name);
  if (fetching !== undefined) return withFiles(fetching);
  return processApplet(name) ?? textApplet(name) ?? fileApplet(name) ?? systemApplet(name) ?? libraryApplet(name);
}

function fileProgram(path: string, files: ContainerFileSystem): Program | undefined {
  const node = files.node(path);
  if (node.kind === 'directory') throw new FileError('EISDIR', 'execve', path);
  if (node.kind !== 'file' || (node.mode & 0o111) === 0) throw new FileError('EACCES', 'execve', path);
  // It stands for a program of the real image that isn't emulated.
  if (node.content[0] === 0x7f) return undefined;
  return runScriptFile;
}

const runShell: Program = async (process) => (await import('./shell-program.ts')).runShell(process);

/** `#!` names the interpreter; without it, a text is a shell script. */
const runScriptFile: Program = async (process) => {
  const [path = '', ...args] = process.argv;
  const file = process.fileSystem().readFile(resolvePath(process.cwd, path));
  const first = Buffer.from(file.subarray(0, 256)).toString('utf8').split('\n', 1)[0] ?? '';
  const [, interpreter = '/bin/sh', argument] = /^#!\s*(\S+)(?:\s+(.*\S))?/.exec(first) ?? [];
  return process.exec([interpreter, ...(argument === undefined ? [] : [argument]), path, ...args]);
};

function resolvePath(cwd: string, path: string): string {
  return path.startsWith('/') ? path : `${cwd}/${path}`;
}

/** `busybox cat file` */
const runBusybox: Program = async (process) => {
  const [, name, ...args] = process.argv;
  if (name === undefined) {
    await process.print('BusyBox v1.37.0 multi-call binary.\n\nUsage: busybox [function [arguments]...]\n');
    return 0;
  }
  const program = findShellProgram(name, undefined);
  if (program !== undefined) return process.exec([name, ...args], process.env, program);
  await process.printError(`${name}: applet not found\n`);
  return 127;
};

/** A token that an applet is given as a file is fetched before it starts. */
function withFiles(program: NetworkProgram | Program): Program {
  return async (process) => {
    await process.prepareFiles();
    return program(process);
  };
}
