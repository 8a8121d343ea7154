/**
 * `regatta status`, `regatta nodes`, `regatta kubeconfig` and `regatta logs`: looking, not touching.
 */
import fs from 'node:fs';
import type { Node } from '@regatta/api';
import { resources } from '@regatta/client';
import { sleep } from '@regatta/runtime';
import { adminClient } from '../api.ts';
import { CliError } from '../cli-error.ts';
import type { Environment } from '../environment.ts';
import { ask } from '../supervisor/control-client.ts';
import type { ClusterStatus, ProcessStatus } from '../supervisor/control-protocol.ts';
import { age, mebibytes, table } from '../table.ts';

export async function clusterStatus({ layout }: Environment): Promise<ClusterStatus> {
  const { status } = await ask(layout, { op: 'status' });
  if (!status) throw new CliError('The cluster is only just starting; try again in a moment.');
  return status;
}

/** `regatta status`. */
export async function status(environment: Environment): Promise<number> {
  const { io, clock } = environment;
  const { name, url, kubeconfig, processes, pid } = await clusterStatus(environment);
  io.print(`Cluster "${name}" (supervisor process ${pid})`);
  io.print(`API ${url}   kubeconfig ${kubeconfig}`);
  io.print();
  const rows = processes.map((process) => [
    process.name,
    process.state,
    String(process.pid ?? '-'),
    mebibytes(process.memory),
    String(process.restarts),
    age(clock.now() - process.since),
    process.detail ?? '',
  ]);
  io.print(table(['PROCESS', 'STATE', 'PID', 'MEMORY', 'RESTARTS', 'SINCE', 'WHY'], rows));
  return 0;
}

/** `regatta nodes`: each machine's power, and what the API says of it. */
export async function nodes(environment: Environment): Promise<number> {
  const { io, layout, clock } = environment;
  const { processes } = await clusterStatus(environment);
  const { client, close } = adminClient(layout);
  try {
    const known = await client.resource(resources.nodes).list();
    const byName = new Map(known.items.map((node) => [node.metadata.name, node]));
    const machines = processes.filter((process) => process.role === 'node-agent');
    io.print(
      table(
        ['NODE', 'MACHINE', 'PID', 'READY', 'ADDRESS', 'TAINTS', 'SINCE'],
        machines.map((machine) => nodeRow(machine, byName.get(machine.name), clock.now())),
      ),
    );
    return 0;
  } finally {
    close();
  }
}

function nodeRow(machine: ProcessStatus, node: Node | undefined, now: number): string[] {
  const ready = node?.status?.conditions?.find((condition) => condition.type === 'Ready')?.status;
  const address = node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  const taints = node?.spec.taints
    ?.map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`)
    .join(',');
  const power = { running: 'on', starting: 'booting', killed: 'dead', stopped: 'off', failed: 'failed' }[machine.state];
  return [
    machine.name,
    power,
    String(machine.pid ?? '-'),
    ready ?? '-',
    address ?? '-',
    taints || '-',
    age(now - machine.since),
  ];
}

/** `regatta kubeconfig`. */
export function kubeconfig({ io, layout }: Environment, print: boolean): number {
  if (!fs.existsSync(layout.kubeconfig)) {
    throw new CliError(
      `There is no kubeconfig at ${layout.kubeconfig}. Start the cluster with \`regatta up -d\` first.`,
    );
  }
  io.print(print ? fs.readFileSync(layout.kubeconfig, 'utf8').trimEnd() : layout.kubeconfig);
  return 0;
}

const POLL_MS = 200;

/** `regatta logs <component>`. */
export async function logs(
  { io, layout, clock }: Environment,
  component: string,
  follow: boolean,
  tail: number,
): Promise<number> {
  const file = layout.log(component);
  if (!/^[\w.-]+$/.test(component) || !fs.existsSync(file)) {
    const there = fs.existsSync(layout.logDir)
      ? fs.readdirSync(layout.logDir).map((name) => name.replace(/\.log(\.1)?$/, ''))
      : [];
    throw new CliError(
      `There is no log of "${component}". There are: ${[...new Set(there)].join(', ') || 'none yet'}.`,
    );
  }
  const text = fs.readFileSync(file, 'utf8');
  const lines = text.trimEnd().split('\n');
  for (const line of tail >= 0 ? lines.slice(-tail || lines.length) : lines) io.print(line);
  for (let at = Buffer.byteLength(text); follow; ) {
    await sleep(clock, POLL_MS);
    const size = fs.statSync(file).size;
    if (size <= at) {
      at = Math.min(at, size);
      continue;
    }
    const chunk = Buffer.alloc(size - at);
    const handle = fs.openSync(file, 'r');
    fs.readSync(handle, chunk, 0, chunk.length, at);
    fs.closeSync(handle);
    at = size;
    io.print(chunk.toString().replace(/\n$/, ''));
  }
  return 0;
}
