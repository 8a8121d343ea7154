/**
 * busybox: a shell and its tools, run by the interpreter. Without arguments it is `sh`, which ends when its input does.
 */
import type { ImageProfile } from '../image-profile.ts';
import { BUSYBOX, placePrograms, populateLinux } from '../linux-layout.ts';

const APPLETS =
  'ash cat cp date echo env false grep head hostname ls mkdir mv nc nslookup ping printf ps pwd rm sed sh sleep sort tail tar test touch tr true uniq vi wc wget';

export const BUSYBOX_IMAGE: ImageProfile = {
  repositories: ['library/busybox', 'busybox', 'e2e-test-images/busybox', 'google_containers/busybox'],
  tags: /^(latest|stable|unstable|musl|glibc|uclibc|stable-\w+|1(\.\d{1,2}){0,2}(-\w+)*)$/,
  sizeBytes: () => 2_156_519,
  entrypoint: [],
  command: ['sh'],
  env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
  workingDir: '/',
  stopSignal: 'TERM',
  programs: {},
  populate: (root, now) => {
    populateLinux(root, BUSYBOX, now);
    placePrograms(
      root,
      APPLETS.split(' ').map((applet) => `/bin/${applet}`),
      now,
    );
  },
  hasShell: true,
  runsAnything: false,
};
