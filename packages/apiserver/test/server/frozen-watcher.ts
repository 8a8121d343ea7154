/**
 * The scenario of a watcher whose process is stopped while the cluster goes on: it is cut off, nobody else is delayed, and when
 * it wakes it goes on where it was. For the CI-sized test and for the long form, which prints the figures.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentialsFile, mintCredentials } from '@regatta/bus';
import { clock } from '@regatta/bus/testing';
import { type ApiClient, resources } from '@regatta/client';
import { sleep } from '@regatta/runtime';
import { build } from 'esbuild';
import type { BusCluster } from './bus-cluster.ts';
import type { WatchingProcessOptions, WatchingReport } from './watching-process.ts';

export const MANAGER = 'system:kube-controller-manager';
export const READER = 'system:serviceaccount:kube-system:generic-garbage-collector';
const WRITER = 'system:serviceaccount:kube-system:root-ca-cert-publisher';
/** Peers of this scenario are given up sooner than in a cluster. */
export const QUICK = { heartbeat: 200, silence: 1500 };

export interface WatchingProcess {
  readonly child: ChildProcess;
  report(): Promise<WatchingReport>;
  stop(): Promise<void>;
}

export async function startWatchingProcess(cluster: BusCluster, watches: number): Promise<WatchingProcess> {
  // Below the packages, where what it imports is found.
  const folder = await mkdtemp(path.join(path.dirname(fileURLToPath(import.meta.url)), '.watching-'));
  const program = path.join(folder, 'program.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('watching-process.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: { js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);" },
  });
  await mintCredentials(cluster.busDir, MANAGER);
  const options: WatchingProcessOptions = {
    servers: cluster.broker.url,
    credentialsFile: credentialsFile(cluster.busDir, MANAGER),
    user: MANAGER,
    as: READER,
    watches,
    limits: QUICK,
  };
  const child = fork(program, [JSON.stringify(options)], { execArgv: [] });
  return {
    child,
    report: () =>
      new Promise((resolve) => {
        child.once('message', (report) => resolve(report as WatchingReport));
        child.send('report');
      }),
    stop: async () => {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Writes one ConfigMap after the other. @returns what each watcher is told of them */
export async function writeConfigMaps(
  client: ApiClient,
  prefix: string,
  count: number,
  size: number,
): Promise<string[]> {
  const configMaps = client.as(WRITER).resource(resources.configMaps);
  const names = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  for (const name of names) {
    const object = { metadata: { name, namespace: 'kube-system' }, data: { a: 'x'.repeat(size) } };
    await configMaps.create(object, { namespace: 'kube-system' });
  }
  return names.map((name) => `ADDED ${name}`);
}

/** Asks for a small object again and again while `work` goes on. @returns how long it took, ms, shortest first */
export async function latenciesDuring(client: ApiClient, work: Promise<unknown>): Promise<number[]> {
  let going = true;
  const done = work.finally(() => {
    going = false;
  });
  const times: number[] = [];
  while (going) {
    const asked = clock.monotonic();
    await client.resource(resources.namespaces).get('default');
    times.push(clock.monotonic() - asked);
    await sleep(clock, 2);
  }
  await done;
  return times.sort((a, b) => a - b);
}
