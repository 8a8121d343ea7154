/**
 * `regatta status`, `regatta nodes`, `regatta kubeconfig` and `regatta logs`: looking, not touching.
 */
import fs from 'node:fs';
import type { Node } from '@regatta/api';
import { effectInShort, type FaultList } from '@regatta/bus';
import type { ApiClient } from '@regatta/client';
import { sleep } from '@regatta/runtime';
import { adminClient } from '../api.ts';
import { CliError } from '../cli-error.ts';
import { withControl } from '../control/open-control.ts';
import type { Environment } from '../environment.ts';
import type { ProcessState, ProcessStatus } from '../supervisor/control-protocol.ts';
import { age, leftText, mebibytes, table } from '../table.ts';

/** Real milliseconds that `nodes` waits for what the API says. */
const API_PATIENCE_MS = 2_000;

/** `regatta status`. */
export function status(environment: Environment): Promise<number> {
  return withControl(environment, async (control) => {
    const { io, clock } = environment;
    const { name, url, kubeconfig, processes, pid } = await control.status();
    const run = pid === undefined ? 'run elsewhere' : `supervisor process ${pid}`;
    io.print(`Cluster "${name}" (${run})`);
    io.print(`API ${url}   kubeconfig ${kubeconfig}`);
    io.print();
    const now = clock.now();
    const rows = processes.map((process) => [
      process.name,
      process.state,
      String(process.pid ?? '-'),
      mebibytes(process.memory),
      String(process.restarts ?? '-'),
      process.since === undefined ? '-' : age(now - process.since),
      why(process, now),
    ]);
    io.print(table(['PROCESS', 'STATE', 'PID', 'MEMORY', 'RESTARTS', 'SINCE', 'WHY'], rows));
    return 0;
  });
}

function why({ state, until, detail }: ProcessStatus, now: number): string {
  if (state === 'frozen') return until === undefined ? 'by somebody else' : `goes on in ${leftText(until - now)}`;
  return detail ?? '';
}

/** `regatta nodes`: each machine's power, its network, and what the API says of it. */
export function nodes(environment: Environment): Promise<number> {
  return withControl(environment, async (control) => {
    const { io, layout, clock } = environment;
    const { processes } = await control.status();
    const { client, close } = adminClient(layout);
    try {
      // With the apiserver gone or frozen the machines are still worth showing.
      const listing = listNodes(client, AbortSignal.timeout(API_PATIENCE_MS));
      const [known, list] = await Promise.all([
        listing.then(
          (items) => items,
          () => undefined,
        ),
        control.faults(),
      ]);
      const byName = new Map(known?.map((node) => [node.metadata.name, node]));
      const machines = processes.filter((process) => process.role === 'node-agent');
      const rows = machines.map((machine) => nodeRow(machine, byName.get(machine.name), list, clock.now()));
      io.print(table(['NODE', 'MACHINE', 'PID', 'READY', 'ADDRESS', 'TAINTS', 'NETWORK', 'SINCE'], rows));
      if (!known) io.warn('The API server does not answer: READY, ADDRESS and TAINTS are not known.');
      return 0;
    } finally {
      close();
    }
  });
}

async function listNodes(client: ApiClient, signal: AbortSignal): Promise<readonly Node[]> {
  const { items } = (await client.request({ method: 'GET', url: '/api/v1/nodes', signal })) as { items: Node[] };
  return items;
}

function nodeRow(machine: ProcessStatus, node: Node | undefined, faults: FaultList, now: number): string[] {
  const ready = node?.status?.conditions?.find((condition) => condition.type === 'Ready')?.status;
  const address = node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  const taints = node?.spec.taints
    ?.map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`)
    .join(',');
  return [
    machine.name,
    power(machine, now),
    String(machine.pid ?? '-'),
    ready ?? '-',
    address ?? '-',
    taints || '-',
    network(machine, faults),
    machine.since === undefined ? '-' : age(now - machine.since),
  ];
}

const POWER: Readonly<Record<ProcessState, string>> = {
  running: 'on',
  starting: 'booting',
  frozen: 'frozen',
  killed: 'dead',
  stopped: 'off',
  failed: 'failed',
  silent: 'silent',
};

function power({ state, until }: ProcessStatus, now: number): string {
  return state === 'frozen' && until !== undefined ? `frozen (${leftText(until - now)})` : POWER[state];
}

/** The worst that is done to its links. */
function network({ name, state }: ProcessStatus, { faults }: FaultList): string {
  const own = faults.filter((fault) => fault.on === name || fault.peers.includes(name));
  const cuts = own.filter(({ effect }) => effect.drop === 1);
  const worst = cuts.find(({ on, peers }) => on === name && peers.length === 0) ?? cuts[0] ?? own[0];
  if (!worst) return state === 'running' ? 'ok' : '-';
  const others = worst.on === name ? worst.peers : [worst.on];
  const way = worst.direction === 'both' ? '' : ' one way';
  return `${effectInShort(worst.effect)}${way}${others.length === 0 ? '' : ` (${others.join(', ')})`} ${leftText(worst.leftMs)}`;
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
