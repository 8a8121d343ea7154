/**
 * registry.k8s.io/pause: sleeps until it is told to end (upstream: build/pause/linux/pause.c).
 */
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import type { ImageProfile } from '../image-profile.ts';

export function pause(process: ProcessContext): Promise<number> {
  process.onSignal('CHLD', 'ignore');
  return new Promise((resolve) => {
    for (const signal of ['TERM', 'INT'] as const) {
      process.onSignal(signal, () => {
        process.write('stderr', `Shutting down, got signal: ${signal === 'TERM' ? 'Terminated' : 'Interrupt'}\n`);
        resolve(0);
      });
    }
    process.killed.addEventListener('abort', () => resolve(137), { once: true });
  });
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
