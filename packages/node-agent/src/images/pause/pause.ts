/**
 * registry.k8s.io/pause: sleeps until it is told to end (upstream: build/pause/linux/pause.c).
 */
import type { AtRest, ProcessContext, Program } from '../../runtime/process/process-context.ts';
import { resting } from '../../runtime/process/resting.ts';
import type { Signal } from '../../runtime/process/signals.ts';
import type { ImageProfile } from '../image-profile.ts';

export const pause: Program = resting(
  new Map<Signal, AtRest>([
    ['CHLD', 'ignore'],
    ['TERM', (process) => goodbye(process, 'Terminated')],
    ['INT', (process) => goodbye(process, 'Interrupt')],
  ]),
);

function goodbye(process: ProcessContext, signal: string): number {
  process.write('stderr', `Shutting down, got signal: ${signal}\n`);
  return 0;
}

export const PAUSE_IMAGE: ImageProfile = {
  repositories: ['pause', 'google_containers/pause'],
  sizeBytes: () => 318_731,
  entrypoint: ['/pause'],
  command: [],
  env: {},
  workingDir: '/',
  stopSignal: 'TERM',
  programs: { '/pause': pause },
  populate: () => {},
  hasShell: false,
  runsAnything: false,
};
