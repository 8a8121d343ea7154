/**
 * curlimages/curl: what the container runs is curl, on Alpine.
 */
import { curl } from '../../programs/network/curl.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { defineImage } from '../define-image.ts';
import { ALPINE } from '../linux-layout.ts';

/** The image's entrypoint: options and URLs go to curl, a program's name is that program. */
async function entrypoint(process: ProcessContext): Promise<number> {
  const [, first = '', ...rest] = process.argv;
  await process.prepareFiles();
  if (first !== '' && !first.startsWith('-') && !/[.:/]/.test(first)) return process.exec([first, ...rest]);
  return process.exec(['curl', ...process.argv.slice(1)]);
}

export const CURL_IMAGE = defineImage({
  repositories: ['curlimages/curl', 'curl/curl', 'radial/busyboxplus'],
  size: 9_652_113,
  entrypoint: ['/entrypoint.sh'],
  command: ['curl'],
  release: ALPINE,
  programs: {
    '/entrypoint.sh': entrypoint,
    '/usr/bin/curl': async (process) => {
      await process.prepareFiles();
      return curl(process);
    },
  },
});
