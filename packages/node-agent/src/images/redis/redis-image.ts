/**
 * redis: the server, its client, and an entrypoint that keeps what the server writes in /data.
 */
import type { ProcessContext, Program } from '../../runtime/process/process-context.ts';
import { defineImage } from '../define-image.ts';

/** Options alone, or a configuration file, mean the server. */
async function entrypoint(process: ProcessContext): Promise<number> {
  const [, first = 'redis-server', ...rest] = process.argv;
  const isServer = first.startsWith('-') || first.endsWith('.conf');
  return process.exec(isServer ? ['redis-server', first, ...rest] : [first, ...rest]);
}

const server: Program = async (process) => (await import('./server.ts')).redisServer(process);
const client: Program = async (process) => (await import('./redis-cli.ts')).redisCli(process);

export const REDIS_IMAGE = defineImage({
  repositories: ['library/redis', 'e2e-test-images/redis'],
  tags: /^(latest|trixie|bookworm|alpine(3\.\d+)?|[2-8](\.\d{1,2}){0,2}(-(alpine|trixie|bookworm|bullseye|buster)(3\.\d+)?|-\d)?)$/,
  size: (tag) => (tag.includes('alpine') ? 21_203_312 : 53_004_224),
  entrypoint: ['docker-entrypoint.sh'],
  command: ['redis-server'],
  workingDir: '/data',
  directories: ['/data'],
  programs: {
    '/usr/local/bin/docker-entrypoint.sh': entrypoint,
    '/usr/local/bin/redis-server': server,
    '/usr/local/bin/redis-cli': client,
  },
  shells: ['/bin/sh', '/bin/bash'],
});
