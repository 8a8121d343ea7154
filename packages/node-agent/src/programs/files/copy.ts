/**
 * `cp` and `mv`
 */
import { isFileError } from '../../runtime/filesystem/file-error.ts';
import type { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { absolute, applet, complain, eachPath, flavourOf } from '../support/applet.ts';
import { type CommandLine, parseOptions, UsageError } from '../support/command-line.ts';

/** Sources and where each goes. */
interface Move {
  readonly from: string;
  readonly to: string;
}

export const cp = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'rRafpdvilLPHnusT',
    values: 't',
    long: {
      recursive: 'r',
      archive: 'a',
      force: 'f',
      preserve: 'p',
      verbose: 'v',
      'no-clobber': 'n',
      'target-directory': 't',
      'no-target-directory': 'T',
      update: 'u',
    },
  });
  const recursive = line.has('r') || line.has('R') || line.has('a');
  const keeps = line.has('p') || line.has('a');
  const gnu = flavourOf(process) === 'gnu';
  return each(process, line, async ({ from, to }) => {
    const files = process.fileSystem();
    const source = files.status(absolute(process, from));
    if (source.kind === 'directory' && !recursive)
      throw new UsageError(gnu ? `-r not specified; omitting directory '${from}'` : `omitting directory '${from}'`);
    if (line.has('n') && files.exists(absolute(process, to))) return;
    await copyOne(
      process,
      files,
      { from, to },
      { recursive, keeps, links: line.has('d') || line.has('P') || line.has('a') || (recursive && !line.has('L')) },
    );
    if (line.has('v')) await process.print(`'${from}' -> '${to}'\n`);
  });
});

interface CopyOptions {
  readonly recursive: boolean;
  readonly keeps: boolean;
  /** Links stay links. */
  readonly links: boolean;
}

async function copyOne(
  process: ProcessContext,
  files: ContainerFileSystem,
  { from, to }: Move,
  options: CopyOptions,
): Promise<void> {
  const source = absolute(process, from);
  const target = absolute(process, to);
  const status = files.status(source, !options.links);
  if (status.kind === 'directory') {
    if (`${target}/`.startsWith(`${source}/`))
      throw new UsageError(`cannot copy a directory, '${from}', into itself, '${to}'`);
    if (!files.exists(target)) files.makeDirectory(target, false);
    for (const name of files.list(source)) {
      await copyOne(
        process,
        files,
        { from: `${from.replace(/\/$/, '')}/${name}`, to: `${to.replace(/\/$/, '')}/${name}` },
        options,
      );
    }
    if (options.keeps || status.mode !== 0o755) files.setMode(target, status.mode);
  } else if (status.kind === 'symlink') {
    files.remove(target, { force: true });
    files.symlink(files.readLink(source), target);
    return;
  } else if (status.kind === 'file') copyFile(process, files, source, target, status.mode, options.keeps);
  else files.writeFile(target, files.readFile(source));
  if (options.keeps) keep(files, target, status);
  await process.step();
}

function copyFile(
  process: ProcessContext,
  files: ContainerFileSystem,
  source: string,
  target: string,
  mode: number,
  keeps: boolean,
): void {
  const isNew = !files.exists(target);
  if (!isNew && files.status(source).ino === files.status(target).ino)
    throw new UsageError(`'${source}' and '${target}' are the same file`);
  files.writeFile(target, files.readFile(source));
  if (isNew || keeps) files.setMode(target, mode & (keeps ? 0o7777 : ~process.umask));
}

function keep(
  files: ContainerFileSystem,
  target: string,
  status: { readonly uid: number; readonly gid: number; readonly modified: number },
): void {
  files.setModified(target, status.modified);
  try {
    files.setOwner(target, { uid: status.uid, gid: status.gid });
  } catch (error) {
    // Only root can give files away; the copy is the caller's then.
    if (!isFileError(error, 'EPERM')) throw error;
  }
}

export const mv = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'fivnuT',
    values: 't',
    long: { force: 'f', verbose: 'v', 'no-clobber': 'n', 'target-directory': 't', 'no-target-directory': 'T' },
  });
  return each(process, line, async ({ from, to }) => {
    const files = process.fileSystem();
    if (line.has('n') && files.exists(absolute(process, to))) return;
    files.move(absolute(process, from), absolute(process, to));
    if (line.has('v')) await process.print(`renamed '${from}' -> '${to}'\n`);
  });
});

/** Finds where each source goes and runs the step; what one step refuses, the others still do. */
async function each(process: ProcessContext, line: CommandLine, run: (move: Move) => Promise<void>): Promise<number> {
  const operands = [...line.operands];
  const target = line.value('t') ?? operands.pop();
  if (target === undefined || operands.length === 0)
    throw new UsageError(
      target === undefined ? 'missing file operand' : `missing destination file operand after '${target}'`,
    );
  const files = process.fileSystem();
  const place = absolute(process, target);
  const into = files.exists(place) && files.status(place).kind === 'directory' && !line.has('T');
  if (operands.length > 1 && !into) throw new UsageError(`target '${target}' is not a directory`);
  const gnu = flavourOf(process) === 'gnu';
  let status = 0;
  const describe = (path: string, reason: string): string =>
    gnu
      ? `cannot stat '${path}': ${reason}`
      : reason === 'No such file or directory'
        ? `can't stat '${path}': ${reason}`
        : `can't create '${target}': ${reason}`;
  const failed = await eachPath(process, operands, describe, async (from) => {
    const to = into ? `${target.replace(/(.)\/$/, '$1')}/${from.replace(/\/+$/, '').split('/').at(-1)}` : target;
    try {
      await run({ from, to });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      status = 1;
      await complain(process, error.message);
    }
  });
  return failed | status;
}
