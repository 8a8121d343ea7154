/**
 * registry.k8s.io/e2e-test-images/agnhost: the subcommands `pause` and `serve-hostname`
 * (upstream: test/images/agnhost). Others are not there yet and say so.
 */
import type { ProcessContext, Program } from '../../runtime/process/process-context.ts';
import type { ImageProfile } from '../image-profile.ts';
import { DEFAULT_PATH } from '../image-profile.ts';
import { BUSYBOX, placePrograms, populateLinux } from '../linux-layout.ts';
import { pause } from '../pause/pause.ts';

const SERVE_HOSTNAME_PORT = 9376;

async function serveHostname(process: ProcessContext): Promise<number> {
  const { listenLazily } = await import('../../network/http-service.ts');
  const flag = process.argv.find((argument) => argument.startsWith('--port='));
  const port = flag === undefined ? SERVE_HOSTNAME_PORT : Number(flag.slice('--port='.length));
  const stop = listenLazily(process, port, (_request, response) => response.end(process.hostname));
  process.write('stdout', `Serving on port ${port}.\n`);
  const code = await pause(process);
  stop();
  return code;
}

const agnhost: Program = async (process) => {
  const command = process.argv[1];
  if (command === undefined || command === 'pause') {
    process.write('stdout', 'Paused\n');
    return pause(process);
  }
  if (command === 'serve-hostname') return serveHostname(process);
  process.write('stderr', `Error: unknown command "${command}" for "app"\nRun 'app --help' for usage.\n`);
  return 1;
};

export const AGNHOST_IMAGE: ImageProfile = {
  repositories: ['e2e-test-images/agnhost'],
  sizeBytes: () => 51_105_200,
  entrypoint: ['/agnhost'],
  command: ['pause'],
  env: { PATH: DEFAULT_PATH },
  workingDir: '/',
  stopSignal: 'TERM',
  programs: { '/agnhost': agnhost },
  populate: (root, now) => {
    populateLinux(root, BUSYBOX, now);
    placePrograms(root, ['/agnhost', '/bin/sh'], now);
  },
  hasShell: true,
  runsAnything: false,
};
