/**
 * Which programs the shell interpreter provides, without loading it: it is heavy, and most containers never need it.
 */

import { archiveApplet } from '../../programs/archive/applets.ts';
import { networkApplet, networkServer } from '../../programs/network/applets.ts';
import type { NetworkProgram } from '../../programs/network/network-process.ts';
import { processApplet } from '../../programs/process/applets.ts';
import type { ContainerFileSystem } from '../filesystem/file-system.ts';
import type { Program } from '../process/process-context.ts';

const SHELLS: ReadonlySet<string> = new Set(['sh', 'ash', 'bash', 'dash']);

/** Commands of the interpreter, and of our own, that run as programs. */
export const TOOLS: ReadonlySet<string> = new Set(
  (
    'awk base64 basename cat chmod clear column comm cp cut date diff dirname du echo egrep env expand expr ' +
    'false fgrep file find fold grep gunzip gzip head hostname join jq kill ln ls md5sum mkdir mv nl nproc od ' +
    'paste pgrep pidof printenv printf ps pwd readlink rev rm rmdir sed seq sha1sum sha256sum sleep sort split stat ' +
    'strings tac tail tee test timeout top touch tr tree true uname unexpand uniq wc which whoami xargs yes [ id ' +
    'sync chown'
  ).split(' '),
);

const BIN = /^\/(usr\/)?(local\/)?s?bin\//;

/** The program behind a name or path when the interpreter has it; undefined when there is none. */
export function findShellProgram(name: string, files: ContainerFileSystem | undefined): Program | undefined {
  const base = BIN.test(name) ? name.replace(BIN, '') : name;
  if (SHELLS.has(base)) return runShell;
  const server = networkServer(base);
  if (server !== undefined) return server;
  const applet = networkApplet(base);
  if (applet !== undefined) return withFiles(applet);
  const looker = processApplet(base);
  if (looker !== undefined) return looker;
  const archiver = archiveApplet(base);
  if (archiver !== undefined) return withFiles(archiver);
  if (base === 'busybox' || TOOLS.has(base)) return runTool;
  return name.startsWith('/') && files !== undefined && isScript(files, name) ? runScriptFile : undefined;
}

function isScript(files: ContainerFileSystem, path: string): boolean {
  if (!files.exists(path)) return false;
  const node = files.node(path);
  return node.kind === 'file' && (node.mode & 0o111) !== 0 && node.content[0] === 0x23 && node.content[1] === 0x21;
}

const runShell: Program = async (process) => (await import('./shell-program.ts')).runShell(process);
const runTool: Program = async (process) => (await import('./shell-program.ts')).runTool(process);
const runScriptFile: Program = async (process) => (await import('./shell-program.ts')).runScriptFile(process);

/** A token that an applet is given as a file is fetched before it starts. */
function withFiles(applet: NetworkProgram | Program): Program {
  return async (process) => {
    await process.prepareFiles();
    return applet(process);
  };
}
