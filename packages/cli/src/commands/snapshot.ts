/**
 * `regatta snapshot save|restore|status`: the state of a cluster in one file. Keys and certificates are not part of it (as
 * with etcd): a restore into the same data folder goes on with its keys, one into a new folder makes new ones.
 *
 * Invariants: a snapshot has its name when it is whole, never before; nothing of a data folder is touched before the whole
 * file was checked, and what it held is kept beside it.
 */
import fs from 'node:fs';
import path from 'node:path';
import { StatusError } from '@regatta/api';
import type { SnapshotFacts } from '@regatta/store';
import { adminClient } from '../api.ts';
import { CliError } from '../cli-error.ts';
import { newCluster, nextNode, readCluster, writeCluster } from '../cluster-file.ts';
import type { Environment } from '../environment.ts';
import type { Layout } from '../layout.ts';
import { tryAsk } from '../supervisor/control-client.ts';
import type { ControlAnswer } from '../supervisor/control-protocol.ts';
import { startControlServer } from '../supervisor/control-server.ts';
import { table } from '../table.ts';

const NODES = '/registry/nodes/';
const DEFAULT_PORT = 6443;

/** The store is loaded with its native code when a snapshot is asked for. */
type StoreModule = typeof import('@regatta/store');

interface Checked {
  readonly facts: SnapshotFacts;
  /** Names of the Nodes in it. */
  readonly nodes: readonly string[];
}

/** `regatta snapshot save FILE`. */
export async function saveSnapshot(environment: Environment, name: string): Promise<number> {
  const file = path.resolve(environment.io.cwd, name);
  if (fs.existsSync(file)) throw new CliError(`${file} exists already. Choose another name.`);
  const partial = `${file}.partial`;
  const store = await import('@regatta/store');
  try {
    const { chunks, close } = await source(environment, store);
    try {
      await writeFile(partial, chunks);
    } finally {
      await close();
    }
    const { facts } = await check(store, partial);
    fs.renameSync(partial, file);
    syncFolder(path.dirname(file));
    environment.io.print(`Saved ${facts.keys} keys at revision ${facts.revision} in ${file} (${facts.bytes} bytes).`);
    environment.io.print('It holds the Secrets of the cluster: keep it to yourself.');
    return 0;
  } catch (error) {
    fs.rmSync(partial, { force: true });
    throw sentence(error, file);
  }
}

/** `regatta snapshot status FILE`. */
export async function snapshotStatus({ io }: Environment, name: string): Promise<number> {
  const file = path.resolve(io.cwd, name);
  const { facts } = await checkFile(file);
  const { revision, keys, bytes, time, format } = facts;
  const row = [String(revision), String(keys), String(bytes), new Date(time).toISOString(), String(format)];
  io.print(table(['REVISION', 'KEYS', 'BYTES', 'SAVED', 'FORMAT'], [row]));
  return 0;
}

/** `regatta snapshot restore FILE`. */
export async function restoreSnapshot(environment: Environment, name: string): Promise<number> {
  const { io, layout, clock } = environment;
  const file = path.resolve(io.cwd, name);
  const { nodes } = await checkFile(file);
  const folder = folderKind(layout);
  await requireStopped(layout);
  // Nobody starts a cluster on this folder meanwhile.
  const busy: ControlAnswer = { ok: false, message: 'A snapshot is being restored.' };
  const lock = await startControlServer(layout, async () => busy, clock);
  try {
    const { revision, kept } = await replaceState(environment, file);
    if (folder === 'new') writeCluster(layout, clusterOf(nodes));
    io.print(`Restored ${file} into ${layout.dataDir}; it goes on at revision ${revision}.`);
    if (kept) io.print(`What was there before is kept in ${kept}.`);
  } finally {
    lock.close();
  }
  if (folder === 'new') {
    io.print('It is a new data folder: its keys and certificates are new, earlier kubeconfigs and tokens end.');
  }
  if (folder === 'apiserver') io.print('Start the apiserver that this folder belongs to.');
  else io.print(`Start it with \`regatta --data-dir ${layout.dataDir} up\`.`);
  return 0;
}

/** A cluster's of `regatta up`; that of an apiserver which something else runs (docker compose); or nobody's yet. */
function folderKind(layout: Layout): 'cluster' | 'apiserver' | 'new' {
  if (!fs.existsSync(layout.clusterFile) && fs.existsSync(layout.state)) return 'apiserver';
  return readCluster(layout) ? 'cluster' : 'new';
}

/** Restores beside the present state, then puts the new one in its place. */
async function replaceState(
  { layout, clock }: Environment,
  file: string,
): Promise<{ readonly revision: number; readonly kept: string | undefined }> {
  const { restoreStore } = await import('@regatta/store');
  const fresh = `${layout.state}.restoring`;
  fs.mkdirSync(layout.dataDir, { recursive: true, mode: 0o700 });
  fs.rmSync(fresh, { recursive: true, force: true });
  let revision: number;
  try {
    revision = await restoreStore({ path: fresh, chunks: fs.createReadStream(file) });
  } catch (error) {
    fs.rmSync(fresh, { recursive: true, force: true });
    throw sentence(error, file);
  }
  const before = `${layout.state}.before-${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-')}`;
  const kept = fs.existsSync(layout.state) ? before : undefined;
  if (kept) fs.renameSync(layout.state, kept);
  fs.renameSync(fresh, layout.state);
  syncFolder(layout.dataDir);
  return { revision, kept };
}

/** What was renamed in it stays so when the power fails. */
function syncFolder(folder: string): void {
  const handle = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}

/** Where the bytes come from: a cluster that runs, or the data of one that does not. */
async function source(
  { layout, clock }: Environment,
  store: StoreModule,
): Promise<{ readonly chunks: AsyncIterable<Uint8Array>; close(): Promise<void> }> {
  if (layout.kubeconfigNamed || (await tryAsk(layout, { op: 'status' }))) {
    const { transport, close } = adminClient(layout);
    return { chunks: await transport.download('/regatta/v1/snapshot'), close: async () => close() };
  }
  if (!fs.existsSync(layout.state)) {
    throw new CliError(
      `There is no cluster in ${layout.dataDir}. Name its folder with --data-dir or its kubeconfig with --kubeconfig.`,
    );
  }
  const { createLogger } = await import('@regatta/runtime');
  const opened = await store.openLevelStore({
    path: layout.state,
    clock,
    logger: createLogger({ clock, level: 'error' }),
  });
  return { chunks: opened.snapshot(), close: () => opened.close() };
}

/** For its owner alone, and on disk when this resolves. */
async function writeFile(file: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  fs.rmSync(file, { force: true });
  const handle = await fs.promises.open(file, 'wx', 0o600);
  try {
    for await (const chunk of chunks) await handle.write(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function checkFile(file: string): Promise<Checked> {
  try {
    return await check(await import('@regatta/store'), file);
  } catch (error) {
    throw sentence(error, file);
  }
}

async function check(store: StoreModule, file: string): Promise<Checked> {
  const nodes: string[] = [];
  const facts = await store.inspectSnapshot(fs.createReadStream(file), (key) => {
    if (key.startsWith(NODES)) nodes.push(key.slice(NODES.length));
  });
  return { facts, nodes };
}

async function requireStopped(layout: Layout): Promise<void> {
  if (await tryAsk(layout, { op: 'status' })) {
    throw new CliError(`A cluster runs on ${layout.dataDir}. Stop it first: \`regatta down\`.`);
  }
  // An apiserver without a supervisor holds the store all the same.
  if (!fs.existsSync(layout.state)) return;
  const { storeIsOpen } = await import('@regatta/store');
  if (await storeIsOpen(layout.state)) {
    throw new CliError(`Another process uses ${layout.state}. Stop it first.`);
  }
}

/** The cluster that a restored state had, as far as it says: machines with the names of its Nodes. */
function clusterOf(nodes: readonly string[]): ReturnType<typeof newCluster> {
  let cluster = newCluster('regatta', DEFAULT_PORT, 'unknown');
  for (const name of nodes) cluster = { ...cluster, nodes: [...cluster.nodes, nextNode(cluster, name)] };
  return cluster;
}

/** What can go wrong, said so that one knows which file it is about. */
function sentence(error: unknown, file: string): Error {
  if (error instanceof CliError) return error;
  if (error instanceof StatusError)
    return new CliError(`The cluster gave no snapshot: ${error.message}`, 1, { cause: error });
  const message = error instanceof Error ? error.message : String(error);
  return new CliError(`${file}: ${message}`, 1, { cause: error });
}
