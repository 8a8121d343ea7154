/**
 * Applets that run another program: how they start it, and what they give back when it can't be.
 */
import { isFileError } from '../../runtime/filesystem/file-error.ts';
import { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import type { ProcessContext, Program } from '../../runtime/process/process-context.ts';
import { flavourOf, nameOf } from './applet.ts';
import { UsageError } from './command-line.ts';

/** @throws UsageError 127 when there is none, 126 when it can't be run */
export function programOf(
  process: ProcessContext,
  name: string,
  env: ReadonlyMap<string, string> = process.env,
): Program {
  try {
    const path = env.get('PATH') ?? process.env.get('PATH') ?? '';
    const program = process.findProgram(
      name.includes('/') ? ContainerFileSystem.resolve(process.cwd, name) : name,
      path,
    );
    if (program !== undefined) return program;
  } catch (error) {
    if (!isFileError(error)) throw error;
    throw new UsageError(notRun(process, name, error.reason), 126);
  }
  throw new UsageError(notRun(process, name, 'No such file or directory'), 127);
}

function notRun(process: ProcessContext, name: string, reason: string): string {
  if (flavourOf(process) === 'busybox') return `can't execute '${name}': ${reason}`;
  return nameOf(process) === 'env' ? `'${name}': ${reason}` : `failed to run command '${name}': ${reason}`;
}
