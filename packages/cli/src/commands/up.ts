/**
 * `regatta up`: a cluster in this terminal until Ctrl-C, or in the background with --detach.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { isNotFound } from '@regatta/api';
import { resources } from '@regatta/client';
import { type Clock, deferred, MAX_SPEED, sleep } from '@regatta/runtime';
import { adminClient } from '../api.ts';
import { CliError } from '../cli-error.ts';
import {
  type BrokerKind,
  type ClusterRecord,
  type NodeLoss,
  newCluster,
  nextNode,
  readCluster,
  writeCluster,
} from '../cluster-file.ts';
import type { Environment } from '../environment.ts';
import type { Io } from '../io.ts';
import { type Layout, layoutOf } from '../layout.ts';
import { freePort, requireFreePort } from '../ports.ts';
import { tryAsk } from '../supervisor/control-client.ts';
import type { ControlAnswer, ControlRequest } from '../supervisor/control-protocol.ts';
import { startControlServer } from '../supervisor/control-server.ts';
import { requireBroker } from '../supervisor/foreign-program.ts';
import { endFormerProcesses } from '../supervisor/former-processes.ts';
import type { ManagedProcess } from '../supervisor/managed-process.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import { changeSpeed } from './speed.ts';

export interface UpOptions {
  readonly nodes?: number;
  readonly port?: number;
  readonly speed?: number;
  readonly nodeLoss?: NodeLoss;
  readonly broker?: BrokerKind;
  readonly name?: string;
  /** A file as it was typed, `default` or `none`. */
  readonly auditPolicy?: string;
  readonly images?: string;
  readonly detach: boolean;
}

const DEFAULT_NODES = 3;
const DEFAULT_PORT = 6443;
const DEFAULT_SPEED = 10;
const MOST_NODES = 250;
const DOWN = '`regatta down`';
/** Real milliseconds: three rounds of those that take no SIGTERM, and some. */
const LONGEST_STOP_MS = 30_000;

/** @throws CliError with what is wrong and what to do */
export function validateUp(options: UpOptions): void {
  const whole = (value: number | undefined, least: number, most: number, flag: string): void => {
    if (value !== undefined && !(Number.isInteger(value) && value >= least && value <= most)) {
      throw new CliError(`${flag} takes a whole number from ${least} to ${most}.`, 2);
    }
  };
  whole(options.nodes, 0, MOST_NODES, '--nodes');
  whole(options.port, 1, 65_535, '--port');
  if (options.speed !== undefined && !(options.speed > 0 && options.speed <= MAX_SPEED)) {
    throw new CliError(
      `--speed takes a number above 0, at most ${MAX_SPEED}: 1 is real time, 10 is ten times as fast.`,
      2,
    );
  }
  if (options.name !== undefined && !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(options.name)) {
    throw new CliError("--name takes lower-case letters, digits and '-', at most 63 characters.", 2);
  }
}

/** Runs until the cluster is stopped; resolves with the exit code. */
export async function up(environment: Environment, options: UpOptions): Promise<number> {
  validateUp(options);
  // A cluster that runs here has its kubeconfig in its own folder, whatever else was named.
  const here = { ...environment, layout: layoutOf(environment.layout.dataDir) };
  return options.detach ? upDetached(here) : upHere(here, options);
}

async function upHere(environment: Environment, options: UpOptions): Promise<number> {
  const { io, clock, layout } = environment;
  const began = clock.monotonic();
  const existing = readCluster(layout);
  const stopped = deferred<string>();
  let supervisor: Supervisor | undefined;
  // The socket first: it is the lock of the data folder.
  const handle = async (request: ControlRequest): Promise<ControlAnswer> => {
    if (supervisor) return supervisor.handle(request);
    if (request.op !== 'stop') return { ok: false, message: 'The cluster is only just starting.' };
    stopped.resolve(DOWN);
    return { ok: true };
  };
  const control = await startControlServer(layout, handle, clock);
  const onSignal = stopOnSignals(io, () => supervisor, stopped.resolve);
  try {
    const cluster = withImages(withAudit(plan(existing, options), options, io.cwd), options, io.cwd);
    requireBroker(cluster.broker);
    await endFormerProcesses(layout, clock);
    await requireFreePort(cluster.port);
    writeCluster(layout, cluster);
    io.print(io.style('strong', `Regatta: starting cluster "${cluster.name}" with ${cluster.nodes.length} nodes`));
    const display = startDisplay(io, clock, began);
    supervisor = new Supervisor({
      layout,
      cluster,
      programs: environment.programs,
      busPort: await freePort(),
      clock,
      nodeFlags: (io.env['REGATTA_NODE_FLAGS'] ?? '').split(' ').filter(Boolean),
      onChange: display.changed,
      onStop: () => stopped.resolve(DOWN),
      forgetNode: (name) => forgetNode(layout, name),
    });
    const late = await Promise.race([supervisor.start(), stopped.promise.then(() => undefined)]);
    display.done();
    if (late) {
      if (existing && options.speed !== undefined) await changeSpeed(layout, { speed: options.speed });
      printSummary(environment, cluster, clock.monotonic() - began);
      for (const machine of late) io.warn(lateMachine(machine));
      process.send?.({ state: 'ready' });
    }
    const why = await stopped.promise;
    io.print(`Stopping (${why}) ...`);
    await supervisor.stop();
    io.print('Stopped. Its state stays in the data folder; the next start goes on from it.');
    return 0;
  } catch (error) {
    supervisor?.killAll();
    if (error instanceof CliError) throw error;
    throw new CliError(error instanceof Error ? error.message : String(error), 1, { cause: error });
  } finally {
    onSignal.release();
    control.close();
  }
}

/** What to run: the cluster of the data folder, changed as the options say, or a new one. */
function plan(existing: ClusterRecord | undefined, options: UpOptions): ClusterRecord {
  const base = existing ?? newCluster(options.name ?? 'regatta', DEFAULT_PORT, 'unknown');
  const wanted = options.nodes ?? (existing ? existing.nodes.length : DEFAULT_NODES);
  if (wanted < base.nodes.length) {
    throw new CliError(
      `This cluster has ${base.nodes.length} nodes; take some away with \`regatta node rm <name>\` while it runs.`,
    );
  }
  let cluster: ClusterRecord = {
    ...base,
    name: options.name ?? base.name,
    port: options.port ?? base.port,
    nodeLoss: options.nodeLoss ?? base.nodeLoss,
    ...(existing ? {} : { speed: options.speed ?? DEFAULT_SPEED }),
    broker: options.broker ?? base.broker ?? 'embedded',
  };
  while (cluster.nodes.length < wanted) cluster = { ...cluster, nodes: [...cluster.nodes, nextNode(cluster)] };
  return cluster;
}

/** @throws CliError when there is no such policy file */
function withAudit({ auditPolicy: before, ...cluster }: ClusterRecord, options: UpOptions, cwd: string): ClusterRecord {
  const { auditPolicy: wanted = before ?? 'none' } = options;
  if (wanted === 'none') return cluster;
  if (wanted === 'default') return { ...cluster, auditPolicy: wanted };
  const file = path.resolve(cwd, wanted);
  if (!fs.existsSync(file))
    throw new CliError(`There is no audit policy ${file}. Name a file, or \`default\` for Regatta's own policy.`, 2);
  return { ...cluster, auditPolicy: file };
}

/** @throws CliError when there is no such folder */
function withImages({ images: before, ...cluster }: ClusterRecord, options: UpOptions, cwd: string): ClusterRecord {
  const { images: wanted = before ?? 'none' } = options;
  if (wanted === 'none') return cluster;
  const folder = path.resolve(cwd, wanted);
  if (!fs.existsSync(folder)) throw new CliError(`There is no folder ${folder} with images.`, 2);
  return { ...cluster, images: folder };
}

function stopOnSignals(
  io: Io,
  supervisor: () => Supervisor | undefined,
  stop: (why: string) => void,
): { release(): void } {
  let count = 0;
  const onSignal = (name: NodeJS.Signals): void => {
    count++;
    if (count === 1) return stop(name === 'SIGINT' ? 'Ctrl-C' : name);
    io.warn('Killing everything at once.');
    supervisor()?.killAll();
    process.exit(130);
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    release: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}

function startDisplay(io: Io, clock: Clock, began: number): { changed(process: ManagedProcess): void; done(): void } {
  let starting = true;
  return {
    changed: (process) => {
      const { name, state, detail } = process.status();
      const at = `${Math.round(clock.monotonic() - began)} ms`.padStart(8);
      if (state === 'running')
        io.print(`  ${io.style('good', '✔')} ${name.padEnd(20)} ${io.style('dim', starting ? at : 'runs')}`);
      else if (state === 'frozen') io.print(`  ${io.style('dim', '❄')} ${name} is frozen`);
      else if (state === 'killed')
        io.print(`  ${io.style('bad', '✖')} ${name} was killed; \`regatta ${startHint(process)}\` starts it again`);
      else if (state === 'failed') io.print(`  ${io.style('bad', '✖')} ${name} ended: ${detail ?? 'no reason known'}`);
    },
    done: () => {
      starting = false;
    },
  };
}

function lateMachine({ spec, hindrance }: ManagedProcess): string {
  const why = hindrance ?? 'it has not said why';
  return `${spec.name} has not registered yet, and goes on trying: ${why}. \`regatta status\` shows when it runs; its log is ${spec.logFile}.`;
}

function startHint(process: ManagedProcess): string {
  const { name, role } = process.spec;
  return role === 'node-agent' ? `node start ${name}` : `component start ${name}`;
}

function printSummary({ io, layout }: Environment, cluster: ClusterRecord, ms: number): void {
  const example = path.relative(io.cwd, path.join(layout.dataDir, 'kubeconfig'));
  const node = cluster.nodes[1]?.name ?? cluster.nodes[0]?.name ?? 'node-1';
  io.print();
  io.print(`  Ready in ${(ms / 1000).toFixed(2)} s`);
  io.print(`  API         ${io.style('strong', `https://127.0.0.1:${cluster.port}`)}`);
  io.print(`  kubeconfig  ${io.style('strong', layout.kubeconfig)}`);
  io.print();
  io.print('Try next, in another terminal:');
  io.print(`  export KUBECONFIG=${example.startsWith('..') ? layout.kubeconfig : path.resolve(layout.kubeconfig)}`);
  io.print('  kubectl create deployment web --image=nginx --replicas=3 && kubectl get pods -o wide --watch');
  io.print(`  npx regatta node kill ${node}`);
  io.print();
}

async function forgetNode(layout: Layout, name: string): Promise<void> {
  const { client, close } = adminClient(layout);
  try {
    await client.resource(resources.nodes).delete(name);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  } finally {
    close();
  }
}

const DETACHED_START_MS = 60_000;

/** Starts the same command without --detach as a process of its own, and waits until it works. */
async function upDetached({ io, clock, layout }: Environment): Promise<number> {
  const args = process.argv.slice(2).filter((arg) => arg !== '-d' && arg !== '--detach');
  fs.mkdirSync(layout.logDir, { recursive: true, mode: 0o700 });
  const file = layout.log('supervisor');
  const log = fs.openSync(file, 'w', 0o600);
  const child = spawn(process.execPath, [process.argv[1] ?? '', ...args], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  fs.closeSync(log);
  const timeout = new AbortController();
  const ready = new Promise<boolean>((resolve) => {
    child.once('message', () => resolve(true));
    child.once('exit', () => resolve(false));
    sleep(clock, DETACHED_START_MS, timeout.signal).then(
      () => resolve(false),
      () => resolve(false),
    );
  });
  const worked = await ready;
  timeout.abort();
  const output = fs.readFileSync(file, 'utf8').trimEnd();
  if (!worked) {
    const last = output.split('\n').at(-1) ?? '';
    throw new CliError(last.replace(/^regatta: /, '') || `The cluster did not start; see ${file}.`);
  }
  io.print(output);
  io.print(`It runs in the background (process ${child.pid}); \`npx regatta down\` stops it.`);
  child.disconnect();
  child.unref();
  return 0;
}

/** `regatta down`. */
export async function down({ io, clock, layout }: Environment): Promise<number> {
  const answer = await tryAsk(layout, { op: 'stop' });
  if (!answer) {
    io.print(`No cluster runs on ${layout.dataDir}.`);
    return 0;
  }
  const deadline = clock.monotonic() + LONGEST_STOP_MS;
  // Who hangs up in the middle of an answer is on its way out.
  while (await tryAsk(layout, { op: 'status' }).catch(() => undefined)) {
    if (clock.monotonic() > deadline) {
      throw new CliError(`The cluster of ${layout.dataDir} has not stopped within ${LONGEST_STOP_MS / 1000} s.`);
    }
    await sleep(clock, 50);
  }
  io.print('Stopped. Its state stays in the data folder.');
  return 0;
}
