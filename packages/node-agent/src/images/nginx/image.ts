/**
 * nginx: the image's configuration, files and entrypoint. The server itself is loaded at the first request.
 */
import { directoryNode, fileNode, placeNode, symlinkNode } from '../../runtime/filesystem/nodes.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import type { ImageProfile } from '../image-profile.ts';
import { DEFAULT_PATH } from '../image-profile.ts';
import { DEBIAN, placePrograms, populateLinux } from '../linux-layout.ts';
import { NginxConfigError } from './config-parser.ts';
import { DEFAULT_CONF, ERROR_50X_HTML, INDEX_HTML, NGINX_CONF } from './pages.ts';
import { CONFIG_FILE, checkedConfig, runNginx } from './server.ts';

const LATEST = '1.29.3';

/** The version that a tag stands for. */
export function nginxVersion(image: string): string {
  return /:(\d+\.\d+\.\d+)/.exec(image)?.[1] ?? LATEST;
}

const ENTRYPOINT_LINES = [
  '/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration',
  '/docker-entrypoint.sh: Looking for shell scripts in /docker-entrypoint.d/',
  '/docker-entrypoint.sh: Launching /docker-entrypoint.d/10-listen-on-ipv6-by-default.sh',
  '10-listen-on-ipv6-by-default.sh: info: Getting the checksum of /etc/nginx/conf.d/default.conf',
  '10-listen-on-ipv6-by-default.sh: info: Enabled listen on IPv6 in /etc/nginx/conf.d/default.conf',
  '/docker-entrypoint.sh: Sourcing /docker-entrypoint.d/15-local-resolvers.envsh',
  '/docker-entrypoint.sh: Launching /docker-entrypoint.d/20-envsubst-on-templates.sh',
  '/docker-entrypoint.sh: Launching /docker-entrypoint.d/30-tune-worker-processes.sh',
  '/docker-entrypoint.sh: Configuration complete; ready for start up',
];

/** The image's entrypoint: prints what it does and hands over to the command. */
async function entrypoint(process: ProcessContext): Promise<number> {
  const [, ...command] = process.argv;
  const name = command[0] ?? '';
  if (name === 'nginx') process.write('stdout', `${ENTRYPOINT_LINES.join('\n')}\n`);
  if (process.findProgram(name, process.env.get('PATH') ?? DEFAULT_PATH) === undefined) {
    process.write('stderr', `/docker-entrypoint.sh: 47: exec: ${name}: not found\n`);
    return 127;
  }
  return process.exec(command);
}

/** `nginx` serves; `nginx -s quit` and its like tell the serving one what to do. */
async function nginx(process: ProcessContext): Promise<number> {
  const version = nginxVersion(process.image);
  const signalAt = process.argv.indexOf('-s');
  if (signalAt > 0) return control(process, process.argv[signalAt + 1] ?? '');
  if (process.argv.includes('-v') || process.argv.includes('-V')) {
    process.write('stderr', `nginx version: nginx/${version}\n`);
    return 0;
  }
  if (process.argv.includes('-t')) {
    return testConfig(process);
  }
  return runNginx(process, version);
}

async function testConfig(process: ProcessContext): Promise<number> {
  const say = (text: string): void => process.write('stderr', `nginx: ${text}\n`);
  try {
    await checkedConfig(process);
    say(`the configuration file ${CONFIG_FILE} syntax is ok`);
    say(`configuration file ${CONFIG_FILE} test is successful`);
    return 0;
  } catch (error) {
    if (!(error instanceof NginxConfigError)) throw error;
    say(`[emerg] ${error.message}`);
    say(`configuration file ${CONFIG_FILE} test failed`);
    return 1;
  }
}

const CONTROLS = new Map([
  ['quit', 'QUIT'],
  ['stop', 'TERM'],
  ['reload', 'HUP'],
  ['reopen', 'USR1'],
] as const);

function control(process: ProcessContext, word: string): number {
  const signal = [...CONTROLS].find(([name]) => name === word)?.[1];
  if (signal === undefined) {
    process.write('stderr', `nginx: invalid option: "-s ${word}"\n`);
    return 1;
  }
  const master = process.kernel.processes().find(({ title }) => title.startsWith('nginx: master'));
  if (master === undefined) {
    process.write('stderr', 'nginx: [error] invalid PID number "" in "/run/nginx.pid"\n');
    return 1;
  }
  process.kernel.kill(master.pid, signal, process);
  return 0;
}

export const NGINX_IMAGE: ImageProfile = {
  repositories: ['library/nginx', 'nginxinc/nginx-unprivileged', 'e2e-test-images/nginx'],
  tags: /^(latest|stable|mainline|alpine|perl|1(\.([0-9]|[12][0-9]|3[01])(\.\d{1,2})?)?(-\d{1,2})?|stable-\w+|mainline-\w+|alpine-\w+)?(-(alpine|alpine-slim|bookworm|bullseye|trixie|perl|slim|otel)(3\.\d+)?)*$/,
  sizeBytes: (tag) => (tag.includes('alpine') ? 22_477_192 : 62_939_286),
  entrypoint: ['/docker-entrypoint.sh'],
  command: ['nginx', '-g', 'daemon off;'],
  env: { PATH: DEFAULT_PATH, NGINX_VERSION: LATEST, PKG_RELEASE: '1~bookworm' },
  workingDir: '/',
  stopSignal: 'QUIT',
  programs: { '/docker-entrypoint.sh': entrypoint, '/usr/sbin/nginx': nginx },
  populate: (root, now) => {
    populateLinux(root, DEBIAN, now);
    const text = (path: string, content: string): void => placeNode(root, path, fileNode(content, 0o644, now));
    text('/usr/share/nginx/html/index.html', INDEX_HTML);
    text('/usr/share/nginx/html/50x.html', ERROR_50X_HTML);
    text('/etc/nginx/nginx.conf', NGINX_CONF);
    text('/etc/nginx/conf.d/default.conf', DEFAULT_CONF);
    placeNode(root, '/var/cache/nginx', directoryNode(0o755, now));
    placeNode(root, '/var/log/nginx/access.log', symlinkNode('/dev/stdout', now));
    placeNode(root, '/var/log/nginx/error.log', symlinkNode('/dev/stderr', now));
    placePrograms(root, ['/docker-entrypoint.sh', '/usr/sbin/nginx', '/bin/sh', '/bin/bash'], now);
  },
  hasShell: true,
  runsAnything: false,
};
