/**
 * Any image that the catalogue doesn't know: a quiet process that runs until it is told to end, as most servers do.
 * It has a shell, so that one can look around in it.
 */
import type { Program } from '../../runtime/process/process-context.ts';
import { resting } from '../../runtime/process/resting.ts';
import type { ImageProfile } from '../image-profile.ts';
import { DEFAULT_PATH } from '../image-profile.ts';
import { DEBIAN, placePrograms, populateLinux } from '../linux-layout.ts';

/** Ends with 143 on TERM: what a program that does nothing about the signal shows. */
export const quiet: Program = resting(
  new Map([
    ['TERM', () => 143],
    ['INT', () => 130],
    ['QUIT', () => 131],
  ]),
);

const SIZE_STEP = 1_048_576;

/** A size between 20 and 120 MiB that depends only on the name, so that pulls differ and repeat. */
function sizeOf(name: string): number {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
  return (20 + (hash % 100)) * SIZE_STEP + (hash % SIZE_STEP);
}

export function quietImage(repository: string): ImageProfile {
  return {
    repositories: [repository],
    sizeBytes: (tag) => sizeOf(`${repository}:${tag}`),
    entrypoint: ['/entrypoint'],
    command: [],
    env: { PATH: DEFAULT_PATH },
    workingDir: '/',
    stopSignal: 'TERM',
    programs: { '/entrypoint': quiet },
    populate: (root, now) => {
      populateLinux(root, DEBIAN, now);
      placePrograms(root, ['/entrypoint', '/bin/sh'], now);
    },
    hasShell: true,
    runsAnything: true,
  };
}
