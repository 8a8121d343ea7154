/**
 * Which program a container runs: found by the image's entrypoint and the Pod's command, as a container runtime does it,
 * without a container being there yet.
 */
import { DEFAULT_PATH, type ImageProfile } from '../images/image-profile.ts';
import { quiet } from '../images/quiet/quiet.ts';
import { type ContainerConfig, RuntimeError } from './container-runtime.ts';
import type { ContainerFileSystem } from './filesystem/file-system.ts';
import type { Program } from './process/process-context.ts';
import { findShellProgram } from './shell/shell-commands.ts';

export interface FirstProgram {
  readonly program: Program;
  readonly argv: readonly string[];
}

/** @throws RuntimeError `start` when the program doesn't exist */
export function firstProgram(profile: ImageProfile, config: ContainerConfig): FirstProgram {
  const argv = argvOf(profile, config);
  const [name] = argv;
  if (name === undefined) throw new RuntimeError('start', `${CREATE_FAILED}: no command specified`);
  const path = config.env.findLast((variable) => variable.name === 'PATH')?.value ?? profile.env['PATH'];
  const program = findProgram(profile, name, path ?? DEFAULT_PATH) ?? (profile.runsAnything ? quiet : undefined);
  if (program === undefined) throw new RuntimeError('start', `${CREATE_FAILED}: ${notExecutable(name)}`);
  return { program, argv };
}

/** Finds a program by its name or path, as a shell would. */
export function findProgram(
  profile: ImageProfile,
  name: string,
  path: string,
  files?: ContainerFileSystem,
): Program | undefined {
  const places = name.includes('/') ? [name] : path.split(':').map((directory) => `${directory}/${name}`);
  for (const place of places) {
    const program = Object.hasOwn(profile.programs, place) ? profile.programs[place] : undefined;
    if (program !== undefined) return program;
  }
  if (!profile.hasShell || profile.lacks?.includes(name.slice(name.lastIndexOf('/') + 1))) return undefined;
  return findShellProgram(name, files);
}

function argvOf(profile: ImageProfile, config: ContainerConfig): readonly string[] {
  if (config.command.length > 0) return [...config.command, ...config.args];
  return [...profile.entrypoint, ...(config.args.length > 0 ? config.args : profile.command)];
}

const CREATE_FAILED =
  'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init';

/** runc's words for a program that isn't there. */
export function notExecutable(name: string): string {
  return name.includes('/')
    ? `exec: "${name}": stat ${name}: no such file or directory`
    : `exec: "${name}": executable file not found in $PATH`;
}
