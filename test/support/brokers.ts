/** The brokers that whole clusters run on: nats-server's suites are skipped where there is none on the PATH. */
import { spawnSync } from 'node:child_process';
import { execute, type TestCluster } from './cluster.ts';

export type BrokerKind = 'embedded' | 'nats-server';

export const hasNatsServer = spawnSync('nats-server', ['--version']).status === 0;

export function brokerKinds(): readonly BrokerKind[] {
  return hasNatsServer ? ['embedded', 'nats-server'] : ['embedded'];
}

export async function brokerPid(cluster: TestCluster): Promise<string> {
  const line = (await cluster.regatta('status')).split('\n').find((text) => text.startsWith('broker')) ?? '';
  return /\b\d{2,}\b/.exec(line)?.[0] ?? '';
}

export async function brokerUrl(cluster: TestCluster): Promise<string> {
  const { stdout } = await execute('ps', ['-o', 'args=', '-p', await brokerPid(cluster)]);
  return `nats://127.0.0.1:${/--port (\d+)/.exec(stdout)?.[1]}`;
}
