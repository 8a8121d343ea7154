/**
 * busybox: a shell and its tools, of which each is a program of `programs/`. Without arguments it is `sh`, which ends when its input does.
 */
import type { ImageProfile } from '../image-profile.ts';
import { BUSYBOX, placePrograms, populateLinux } from '../linux-layout.ts';

const APPLETS =
  '[ arch ash awk base64 basename busybox cat chgrp chmod chown clear comm cp cut date dd df diff dirname du echo egrep env ' +
  'expand expr false fgrep find fold free grep groups gunzip gzip head hostname httpd id ifconfig ip kill killall less ln ls ' +
  'md5sum mkdir mktemp more mount mv nc nice nl nohup nproc nslookup od paste pgrep pidof ping pkill printenv printf ps pwd ' +
  'readlink realpath renice reset rev rm rmdir sed seq setsid sh sha1sum sha256sum sha512sum sleep sort split stat strings ' +
  'stty sync sysctl tac tail tar tee test time timeout top touch tr tree true truncate tty uname unexpand uniq unlink uptime ' +
  'usleep watch wc wget which whoami xargs yes zcat';

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
  lacks: ['bash', 'dash'],
  runsAnything: false,
};
