/**
 * `cluster.json`: what a cluster was made with, so that a later start needs no options.
 *
 * Owns: the format of the file and its version. Invariant: written whole (temporary file, then rename).
 */
import fs from 'node:fs';
import path from 'node:path';
import { CliError } from './cli-error.ts';
import type { Layout } from './layout.ts';

const FORMAT = 1;

export type NodeLoss = 'unknown' | 'upstream';

/** Who carries the bus: our own broker, or the nats-server of this machine. */
export type BrokerKind = 'embedded' | 'nats-server';

export interface NodeRecord {
  readonly name: string;
  readonly ip: string;
}

export interface ClusterRecord {
  readonly format: number;
  readonly name: string;
  readonly port: number;
  readonly nodeLoss: NodeLoss;
  /** At which the cluster began; what it is now the cluster itself knows. */
  readonly speed?: number;
  /** The embedded one when it says nothing. */
  readonly broker?: BrokerKind;
  /** Who did what is written to the log folder by this policy: a file's path, or `default`. */
  readonly auditPolicy?: string;
  /** A folder of images of the user's own. */
  readonly images?: string;
  readonly nodes: readonly NodeRecord[];
}

export function newCluster(name: string, port: number, nodeLoss: NodeLoss): ClusterRecord {
  return { format: FORMAT, name, port, nodeLoss, nodes: [] };
}

/**
 * The cluster in this data folder; undefined when the folder is new or empty.
 * @throws CliError when the folder holds something else, or another version's cluster
 */
export function readCluster(layout: Layout): ClusterRecord | undefined {
  let text: string;
  try {
    text = fs.readFileSync(layout.clusterFile, 'utf8');
  } catch (error) {
    if (!isMissing(error))
      throw new CliError(`Can't read ${layout.clusterFile}: ${reason(error)}.`, 1, { cause: error });
    refuseForeignFolder(layout.dataDir);
    return undefined;
  }
  return checkRecord(parse(text, layout), layout);
}

export function writeCluster(layout: Layout, cluster: ClusterRecord): void {
  fs.mkdirSync(layout.dataDir, { recursive: true, mode: 0o700 });
  const temporary = `${layout.clusterFile}.tmp`;
  fs.writeFileSync(temporary, `${JSON.stringify(cluster, null, 2)}\n`, { mode: 0o600 });
  fs.renameSync(temporary, layout.clusterFile);
}

/** Machines of one emulated network: node N has the address 192.168.49.(N+1), and so on upwards. */
export function nextNode(cluster: ClusterRecord, wanted?: string): NodeRecord {
  const names = new Set(cluster.nodes.map((node) => node.name));
  const ips = new Set(cluster.nodes.map((node) => node.ip));
  let index = 1;
  while (names.has(`node-${index}`)) index++;
  let host = 1;
  while (ips.has(nodeAddress(host))) host++;
  return { name: wanted ?? `node-${index}`, ip: nodeAddress(host) };
}

function nodeAddress(host: number): string {
  const last = (host - 1) % 250;
  return `192.168.${49 + Math.floor((host - 1) / 250)}.${last + 2}`;
}

function parse(text: string, layout: Layout): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CliError(
      `${layout.clusterFile} is damaged (${reason(error)}). Restore it, or start afresh with another --data-dir.`,
      1,
      {
        cause: error,
      },
    );
  }
}

function checkRecord(value: unknown, layout: Layout): ClusterRecord {
  const record = value as Partial<ClusterRecord> | null;
  if (record?.format !== FORMAT) {
    throw new CliError(
      `${layout.dataDir} was made by another version of Regatta (format ${record?.format ?? 'unknown'}, this one reads ${FORMAT}). Use that version; to move, save a snapshot with it and restore that with this one into another --data-dir.`,
    );
  }
  if (typeof record.name !== 'string' || typeof record.port !== 'number' || !Array.isArray(record.nodes)) {
    throw new CliError(`${layout.clusterFile} is damaged. Restore it, or start afresh with another --data-dir.`);
  }
  return record as ClusterRecord;
}

function refuseForeignFolder(dataDir: string): void {
  let entries: string[];
  try {
    entries = fs.readdirSync(dataDir);
  } catch (error) {
    if (isMissing(error)) return;
    throw new CliError(`Can't use ${dataDir} as a data folder: ${reason(error)}.`, 1, { cause: error });
  }
  // A start that was cut off before cluster.json leaves only what it makes itself.
  if (entries.every((entry) => ['run', 'logs', 'cluster.json.tmp', 'state.restoring'].includes(entry))) return;
  throw new CliError(`${path.resolve(dataDir)} is not empty and holds no Regatta cluster. Choose another --data-dir.`);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
