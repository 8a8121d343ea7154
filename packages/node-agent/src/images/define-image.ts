/**
 * Makes a profile from what is special about an image; the rest is as with most images.
 */
import { directoryNode, fileNode, placeNode } from '../runtime/filesystem/nodes.ts';
import type { Program } from '../runtime/process/process-context.ts';
import type { Signal } from '../runtime/process/signals.ts';
import { DEFAULT_PATH, type ImageProfile } from './image-profile.ts';
import { DEBIAN, type LinuxRelease, placePrograms, populateLinux } from './linux-layout.ts';

export interface ImageFacts {
  /** Without registry: `library/redis`. */
  readonly repositories: readonly string[];
  readonly tags?: RegExp;
  /** Bytes, compressed. */
  readonly size: number | ((tag: string) => number);
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
  readonly stopSignal?: Signal;
  /** By absolute path. */
  readonly programs?: Readonly<Record<string, Program>>;
  readonly release?: LinuxRelease;
  /** Texts by absolute path; one that starts with `#!` can be run. */
  readonly files?: Readonly<Record<string, string>>;
  readonly directories?: readonly string[];
  readonly shells?: readonly string[];
  readonly hasShell?: boolean;
  /** Who may pull it; everybody when left out. */
  readonly login?: { readonly username: string; readonly password: string };
}

const EXECUTABLE = 0o755;
const PLAIN = 0o644;

export function defineImage(facts: ImageFacts): ImageProfile {
  const { repositories, tags, size, programs = {}, files = {}, directories = [], shells = ['/bin/sh'] } = facts;
  return {
    repositories,
    ...(tags === undefined ? {} : { tags }),
    sizeBytes: typeof size === 'number' ? () => size : size,
    entrypoint: facts.entrypoint ?? [],
    command: facts.command ?? [],
    env: { PATH: DEFAULT_PATH, ...facts.env },
    workingDir: facts.workingDir ?? '/',
    stopSignal: facts.stopSignal ?? 'TERM',
    programs,
    populate: (root, now) => {
      populateLinux(root, facts.release ?? DEBIAN, now);
      for (const path of directories) placeNode(root, path, directoryNode(EXECUTABLE, now));
      placePrograms(root, [...Object.keys(programs), ...shells], now);
      for (const [path, text] of Object.entries(files)) {
        placeNode(root, path, fileNode(text, text.startsWith('#!') ? EXECUTABLE : PLAIN, now));
      }
    },
    hasShell: facts.hasShell ?? true,
    runsAnything: false,
    ...(facts.login === undefined ? {} : { login: facts.login }),
  };
}
