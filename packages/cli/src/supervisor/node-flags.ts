/**
 * How node itself runs each program: the supervisor's processes, and the launchers of the container image
 * (scripts/image.mjs).
 */
import type { Role } from './control-protocol.ts';

/**
 * Small heaps and few threads: a cluster is many processes on one machine. The apiserver's code is optimized after a
 * third of V8's usual budget: its first thousand requests come at once, and are the ones that somebody waits for.
 */
export const NODE_FLAGS: Readonly<Record<Role, readonly string[]>> = {
  broker: ['--max-semi-space-size=2', '--v8-pool-size=0'],
  apiserver: ['--max-semi-space-size=16', '--v8-pool-size=2', '--interrupt-budget=20000'],
  scheduler: ['--max-semi-space-size=4', '--v8-pool-size=1'],
  'controller-manager': ['--max-semi-space-size=4', '--v8-pool-size=1'],
  'node-agent': ['--max-semi-space-size=4', '--v8-pool-size=0'],
};

/** Threads for file work, UV_THREADPOOL_SIZE: the apiserver's store is the one that waits for a disk. */
export function threadPoolSize(role: Role): string {
  return role === 'apiserver' ? '4' : '1';
}
