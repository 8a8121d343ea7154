/**
 * Distributions' base images: a shell, its tools, and the files that tell them apart. Their shell ends when its input
 * does, so that a Pod of one without a command is restarted again and again, as it is with the real ones.
 */
import { defineImage } from '../define-image.ts';
import type { ImageProfile } from '../image-profile.ts';
import type { LinuxRelease } from '../linux-layout.ts';

function base(
  names: readonly string[],
  tags: RegExp,
  size: number,
  release: LinuxRelease,
  shell: string,
  files: Readonly<Record<string, string>> = {},
): ImageProfile {
  const repositories = names.map((name) => (name.includes('/') ? name : `library/${name}`));
  return defineImage({ repositories, tags, size, release, files, command: [shell], shells: ['/bin/sh', shell] });
}

export const BASE_IMAGES: readonly ImageProfile[] = [
  base(
    ['alpine'],
    /^(latest|edge|20\d{6}|3(\.\d{1,2}){0,2})$/,
    3_802_452,
    { id: 'alpine', name: 'Alpine Linux', version: 'v3.22' },
    '/bin/sh',
    { '/etc/alpine-release': '3.22.2\n', '/etc/issue': 'Welcome to Alpine Linux 3.22\n' },
  ),
  base(
    ['debian'],
    /^(latest|stable|testing|unstable|sid|oldstable|1[0-3](\.\d+)?|buster|bullseye|bookworm|trixie)(-slim|-backports|-\d{8}(-slim)?)?$/,
    49_286_428,
    { id: 'debian', name: 'Debian GNU/Linux', version: '13 (trixie)' },
    '/bin/bash',
    { '/etc/debian_version': '13.1\n' },
  ),
  base(
    ['ubuntu'],
    /^(latest|rolling|devel|1[468]\.04|2[0-6]\.(04|10)|trusty|xenial|bionic|focal|jammy|noble|plucky|questing)(-\d{8})?$/,
    29_724_688,
    { id: 'ubuntu', name: 'Ubuntu', version: '24.04.3 LTS (Noble Numbat)' },
    '/bin/bash',
    { '/etc/debian_version': 'trixie/sid\n', '/etc/lsb-release': 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=24.04\n' },
  ),
  base(
    ['centos'],
    /^(latest|centos[5-8]|[5-8](\.[\d.]+)?)$/,
    83_518_086,
    { id: 'centos', name: 'CentOS Linux', version: '8' },
    '/bin/bash',
    { '/etc/redhat-release': 'CentOS Linux release 8.4.2105\n' },
  ),
  base(
    ['rockylinux', 'almalinux', 'fedora', 'amazonlinux'],
    /^[\w.-]+$/,
    70_154_112,
    { id: 'rocky', name: 'Rocky Linux', version: '9.6 (Blue Onyx)' },
    '/bin/bash',
    { '/etc/redhat-release': 'Rocky Linux release 9.6 (Blue Onyx)\n' },
  ),
];
