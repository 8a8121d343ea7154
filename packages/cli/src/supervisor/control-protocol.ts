/**
 * What `regatta` commands and the supervisor say to each other: JSON over HTTP on a Unix socket in the data folder, which
 * only its owner can open.
 */
export type ControlRequest =
  | { readonly op: 'status' }
  | { readonly op: 'stop' }
  | { readonly op: 'kill' | 'start'; readonly process: string }
  | { readonly op: 'reboot'; readonly process: string }
  | { readonly op: 'add-node'; readonly name?: string }
  | { readonly op: 'remove-node'; readonly name: string };

export type ProcessState = 'stopped' | 'starting' | 'running' | 'killed' | 'failed';

export interface ProcessStatus {
  readonly name: string;
  readonly role: Role;
  readonly state: ProcessState;
  readonly pid?: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Resident memory, bytes. */
  readonly memory?: number;
  /** How often the supervisor started it again by itself. */
  readonly restarts: number;
  /** Why it is not running. */
  readonly detail?: string;
}

export type Role = 'broker' | 'apiserver' | 'scheduler' | 'controller-manager' | 'node-agent';

export interface ClusterStatus {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
  readonly kubeconfig: string;
  readonly processes: readonly ProcessStatus[];
}

export type ControlAnswer =
  | { readonly ok: true; readonly message?: string; readonly status?: ClusterStatus }
  | { readonly ok: false; readonly message: string };
