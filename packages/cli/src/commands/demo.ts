/**
 * `regatta demo`: a cluster of its own in a temporary folder; a node dies and comes back; a timeline of what followed.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Deployment } from '@regatta/api';
import { type ApiClient, resources } from '@regatta/client';
import { silentLogger } from '@regatta/runtime';
import { adminClient } from '../api.ts';
import { CliError } from '../cli-error.ts';
import { type ClusterRecord, newCluster, nextNode, writeCluster } from '../cluster-file.ts';
import type { Environment } from '../environment.ts';
import { layoutOf } from '../layout.ts';
import { freePort } from '../ports.ts';
import { type Milestone, MilestoneWatcher } from '../story/milestones.ts';
import { afterLoss, afterReturn, busiestNode, isServing } from '../story/node-loss.ts';
import { Supervisor } from '../supervisor/supervisor.ts';

const REPLICAS = 3;
/** Real milliseconds that one step may take at speed 1; a tolerance of 300 s and a grace period of 50 s lie within. */
const STEP_TIMEOUT_MS = 600_000;

export interface DemoOptions {
  readonly speed: number;
}

export async function demo(environment: Environment, { speed }: DemoOptions): Promise<number> {
  const { io } = environment;
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-demo-'));
  const layout = layoutOf(dataDir);
  const port = await freePort();
  let cluster: ClusterRecord = { ...newCluster('demo', port, 'unknown'), speed };
  while (cluster.nodes.length < 3) cluster = { ...cluster, nodes: [...cluster.nodes, nextNode(cluster)] };
  writeCluster(layout, cluster);
  const supervisor = new Supervisor({
    layout,
    cluster,
    programs: environment.programs,
    busPort: await freePort(),
    clock: environment.clock,
    onChange: () => {},
    onStop: () => {},
    forgetNode: () => Promise.resolve(),
  });
  const end = (): void => {
    supervisor.killAll();
    fs.rmSync(dataDir, { recursive: true, force: true });
  };
  process.once('SIGINT', () => {
    end();
    process.exit(130);
  });
  try {
    io.print(
      io.style(
        'strong',
        `A cluster of three nodes at speed ${speed}: upstream's 50 s of grace take ${50 / speed} s here.`,
      ),
    );
    const began = environment.clock.monotonic();
    await supervisor.start();
    io.print(`  up in ${((environment.clock.monotonic() - began) / 1000).toFixed(2)} s`);
    const { client, close } = adminClient(layout);
    try {
      await tell({ ...environment, layout }, supervisor, client, speed);
    } finally {
      close();
    }
    return 0;
  } finally {
    await supervisor.stop();
    end();
  }
}

async function tell(environment: Environment, supervisor: Supervisor, client: ApiClient, speed: number): Promise<void> {
  const { io, clock } = environment;
  const watcher = new MilestoneWatcher(client, clock, silentLogger, 'default');
  await watcher.start();
  try {
    const timeline = new Timeline(environment, watcher, speed);
    timeline.begin('kubectl apply -f deployment.yaml (three nginx Pods)');
    await apply(environment, client);
    await timeline.follow([
      { name: 'three Pods Ready', reached: ({ pods }) => pods.filter(isServing).length === REPLICAS },
    ]);
    const node = busiestNode(watcher.state.pods);
    if (node === undefined) throw new CliError('No Pod was bound to a node.');
    const victims = new Set(
      watcher.state.pods.filter((pod) => pod.spec.nodeName === node).map((pod) => pod.metadata.uid ?? ''),
    );
    timeline.begin(`regatta node kill ${node}   (SIGKILL; ${victims.size} of the Pods run there)`);
    await supervisor.handle({ op: 'kill', process: node });
    const steps = afterLoss(node, victims, REPLICAS);
    await timeline.follow(steps.slice(0, 5));
    showPods(environment);
    await timeline.follow(steps.slice(5));
    showPods(environment);
    timeline.begin(`regatta node start ${node}`);
    await supervisor.handle({ op: 'start', process: node });
    await timeline.follow(afterReturn(node, victims));
    showPods(environment);
    io.print('That is the whole story: nothing was rescued by hand.');
  } finally {
    watcher.stop();
  }
}

/** Prints each step with the time since the last thing that was done by hand. */
class Timeline {
  #start = 0;

  constructor(
    readonly environment: Environment,
    readonly watcher: MilestoneWatcher,
    readonly speed: number,
  ) {}

  begin(what: string): void {
    const { io, clock } = this.environment;
    io.print();
    io.print(io.style('strong', `$ ${what}`));
    this.#start = clock.now();
  }

  async follow(milestones: readonly Milestone[]): Promise<void> {
    const reached = milestones.map((milestone) =>
      this.watcher.when(milestone, STEP_TIMEOUT_MS / this.speed + 10_000).then((at) => ({ at, name: milestone.name })),
    );
    const { io } = this.environment;
    for (const { at, name } of (await Promise.all(reached)).sort((a, b) => a.at - b.at)) {
      const real = (at - this.#start) / 1000;
      const cluster = `${Math.round(real * this.speed)} s`.padStart(6);
      io.print(`  ${`+${real.toFixed(2)} s`.padStart(10)}  ${io.style('dim', `${cluster} of cluster time`)}   ${name}`);
    }
  }
}

const DEPLOYMENT: Deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'nginx-deployment', labels: { app: 'nginx-deployment' } },
  spec: {
    replicas: REPLICAS,
    selector: { matchLabels: { app: 'nginx-deployment' } },
    template: {
      metadata: { name: '', labels: { app: 'nginx-deployment' } },
      spec: { containers: [{ name: 'nginx', image: 'nginx:1.7.9', ports: [{ containerPort: 80 }] }] },
    },
  },
};

/** With stock kubectl where there is one (KUBECTL, or on the PATH), with our own client otherwise. */
async function apply({ layout, io }: Environment, client: ApiClient): Promise<void> {
  const output = kubectl(
    io.env['KUBECTL'],
    ['--kubeconfig', layout.kubeconfig, 'apply', '-f', '-'],
    JSON.stringify(DEPLOYMENT),
  );
  if (output === undefined) await client.resource(resources.deployments).create(DEPLOYMENT, { namespace: 'default' });
  else io.print(output);
}

function showPods({ io, layout }: Environment): void {
  const output = kubectl(io.env['KUBECTL'], ['--kubeconfig', layout.kubeconfig, 'get', 'pods', '-o', 'wide']);
  if (output === undefined) return;
  io.print(io.style('dim', '\n$ kubectl get pods -o wide'));
  for (const line of output.split('\n')) io.print(`  ${line}`);
}

/** What kubectl printed; undefined when there is no kubectl. */
function kubectl(program: string | undefined, args: readonly string[], input?: string): string | undefined {
  try {
    return execFileSync(program ?? 'kubectl', args, {
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'inherit'],
      ...(input === undefined ? {} : { input }),
    }).trimEnd();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
