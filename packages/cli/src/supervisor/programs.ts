/**
 * How each program of a cluster is started: the only place that knows their command lines.
 */
import path from 'node:path';
import { credentialsFile } from '@regatta/bus';
import type { ClusterRecord, NodeRecord } from '../cluster-file.ts';
import type { Layout } from '../layout.ts';
import type { Role } from './control-protocol.ts';
import { pidFile } from './former-processes.ts';
import type { ProcessSpec } from './managed-process.ts';
import { NODE_FLAGS, threadPoolSize } from './node-flags.ts';

/** Bus identities of the control plane, by role. Nodes are `system:node:<name>`. */
export const CONTROL_PLANE_USERS = {
  apiserver: 'system:apiserver',
  scheduler: 'system:kube-scheduler',
  'controller-manager': 'system:kube-controller-manager',
} as const;

/** Found on the PATH. */
export const NATS_SERVER = 'nats-server';

export interface ProgramContext {
  readonly layout: Layout;
  readonly cluster: ClusterRecord;
  /** Folder of the bundled programs. */
  readonly programs: string;
  /** TCP port of the broker. */
  readonly busPort: number;
  /** More flags for node itself, for profiling (REGATTA_NODE_FLAGS). */
  readonly nodeFlags?: readonly string[];
}

export function brokerSpec(context: ProgramContext): ProcessSpec {
  if (context.cluster.broker === 'nats-server') return natsServerSpec(context);
  return spec(context, 'broker', 'broker', 'broker', [
    '--data-dir',
    context.layout.dataDir,
    '--port',
    String(context.busPort),
  ]);
}

/** The nats-server of this machine, with the identities of the data folder, for this machine alone. */
function natsServerSpec({ layout, busPort }: ProgramContext): ProcessSpec {
  return {
    name: 'broker',
    role: 'broker',
    argv: ['--config', path.join(layout.bus, 'server.conf'), '--addr', '127.0.0.1', '--port', String(busPort)],
    foreign: { file: NATS_SERVER, port: busPort },
    logFile: layout.log('broker'),
    pidFile: pidFile(layout, 'broker'),
  };
}

export function apiserverSpec(context: ProgramContext): ProcessSpec {
  const { layout, cluster } = context;
  const { speed } = cluster;
  return spec(context, 'apiserver', 'apiserver', 'apiserver', [
    ...['--data-dir', layout.dataDir, '--port', String(cluster.port), '--name', cluster.name],
    ...(speed === undefined ? [] : ['--speed', String(speed)]),
    ...auditFlags(context),
    ...busFlags(context, CONTROL_PLANE_USERS.apiserver),
  ]);
}

function auditFlags({ layout, cluster: { auditPolicy } }: ProgramContext): string[] {
  if (auditPolicy === undefined) return [];
  const file = ['--audit-log-path', layout.log('audit')];
  return auditPolicy === 'default' ? file : [...file, '--audit-policy-file', auditPolicy];
}

export function schedulerSpec(context: ProgramContext): ProcessSpec {
  return spec(context, 'scheduler', 'scheduler', 'scheduler', busFlags(context, CONTROL_PLANE_USERS.scheduler));
}

export function controllerManagerSpec(context: ProgramContext): ProcessSpec {
  return spec(context, 'controller-manager', 'controller-manager', 'controller-manager', [
    ...busFlags(context, CONTROL_PLANE_USERS['controller-manager']),
    ...['--node-loss', context.cluster.nodeLoss, '--root-ca-file', context.layout.rootCa],
    ...['--service-account-private-key-file', context.layout.tokenKey],
    ...['--cluster-signing-cert-file', context.layout.rootCa, '--cluster-signing-key-file', context.layout.rootCaKey],
  ]);
}

export function nodeAgentSpec(context: ProgramContext, node: NodeRecord): ProcessSpec {
  const { images } = context.cluster;
  return spec(context, 'node-agent', node.name, 'node-agent', [
    ...busFlags(context, nodeUser(node.name)),
    ...['--name', node.name, '--ip', node.ip, '--node-dir', context.layout.nodeDir(node.name)],
    ...(images === undefined ? [] : ['--images', images]),
  ]);
}

export function nodeUser(name: string): string {
  return `system:node:${name}`;
}

function busFlags({ layout, busPort }: ProgramContext, user: string): string[] {
  return ['--bus', `nats://127.0.0.1:${busPort}`, '--credentials', credentialsFile(layout.bus, user)];
}

function spec(
  context: ProgramContext,
  role: Role,
  name: string,
  program: string,
  args: readonly string[],
): ProcessSpec {
  return {
    name,
    role,
    argv: [...NODE_FLAGS[role], ...(context.nodeFlags ?? []), path.join(context.programs, `${program}.mjs`), ...args],
    logFile: context.layout.log(name),
    pidFile: pidFile(context.layout, name),
    env: { UV_THREADPOOL_SIZE: threadPoolSize(role) },
  };
}
