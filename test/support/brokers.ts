/** The brokers that whole clusters run on: nats-server's suites are skipped where there is none on the PATH. */
import { spawnSync } from 'node:child_process';

export const hasNatsServer = spawnSync('nats-server', ['--version']).status === 0;
