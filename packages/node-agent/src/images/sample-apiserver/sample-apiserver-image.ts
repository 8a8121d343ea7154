/**
 * The image of upstream's sample API server. The program, and what it needs of HTTPS, is loaded when one starts.
 */
import type { Program } from '../../runtime/process/process-context.ts';
import { defineImage } from '../define-image.ts';
import { ALPINE } from '../linux-layout.ts';

const PATH = '/sample-apiserver';

const serve: Program = async (process) => (await import('./wardle-server.ts')).sampleApiServer(process);

export const SAMPLE_APISERVER_IMAGE = defineImage({
  repositories: ['e2e-test-images/sample-apiserver'],
  size: 24_861_424,
  release: ALPINE,
  entrypoint: [PATH],
  programs: { [PATH]: serve },
});
