/**
 * Where a cluster keeps what: the one place that knows the data folder's layout.
 */
import { createHash } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';

/** Longest path that a Unix socket can have on the systems we run on (108 bytes on Linux, 104 on macOS, less the NUL). */
const LONGEST_SOCKET_PATH = 100;

export interface Layout {
  readonly dataDir: string;
  readonly clusterFile: string;
  /** The one in the data folder, unless another one was named. */
  readonly kubeconfig: string;
  /** Somebody named the kubeconfig: it says which cluster is meant. */
  readonly kubeconfigNamed: boolean;
  /** The store's folder. */
  readonly state: string;
  readonly rootCa: string;
  readonly rootCaKey: string;
  /** Signs the tokens of service accounts. */
  readonly tokenKey: string;
  readonly bus: string;
  readonly runDir: string;
  readonly controlSocket: string;
  readonly logDir: string;
  log(component: string): string;
  nodeDir(node: string): string;
}

export function layoutOf(dataDir: string, kubeconfig?: string): Layout {
  const at = (...parts: string[]): string => path.join(dataDir, ...parts);
  return {
    dataDir,
    clusterFile: at('cluster.json'),
    kubeconfig: kubeconfig ?? at('kubeconfig'),
    kubeconfigNamed: kubeconfig !== undefined,
    state: at('state'),
    rootCa: at('pki', 'ca.crt'),
    rootCaKey: at('pki', 'ca.key'),
    tokenKey: at('pki', 'sa.key'),
    bus: at('bus'),
    runDir: at('run'),
    controlSocket: socketPath(at('run', 'control.sock')),
    logDir: at('logs'),
    log: (component) => at('logs', `${component}.log`),
    nodeDir: (node) => at('nodes', node),
  };
}

function socketPath(wanted: string): string {
  if (Buffer.byteLength(wanted) <= LONGEST_SOCKET_PATH) return wanted;
  const digest = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
  return path.join(os.tmpdir(), `regatta-${digest}.sock`);
}
