/**
 * What `regatta` commands and the supervisor say to each other: JSON over HTTP on a Unix socket in the data folder, which
 * only its owner can open.
 */
import type { FaultList, LinkRequest, PartitionRequest } from '@regatta/bus';

export type ControlRequest =
  | { readonly op: 'status' }
  | { readonly op: 'stop' }
  | { readonly op: 'kill' | 'start' | 'reboot' | 'thaw'; readonly process: string }
  /** Real milliseconds. */
  | { readonly op: 'freeze'; readonly process: string; readonly forMs: number }
  | { readonly op: 'partition'; readonly request: PartitionRequest }
  | { readonly op: 'link'; readonly request: LinkRequest }
  /** Every fault of the links of a machine. */
  | { readonly op: 'heal'; readonly node: string }
  /** One fault, or all. */
  | { readonly op: 'end-fault'; readonly id?: string }
  | { readonly op: 'faults' }
  | { readonly op: 'add-node'; readonly name?: string }
  | { readonly op: 'remove-node'; readonly name: string };

/** `silent`: a process of a cluster elsewhere that does not answer; nobody here can say why. */
export type ProcessState = 'stopped' | 'starting' | 'running' | 'frozen' | 'killed' | 'failed' | 'silent';

export interface ProcessStatus {
  readonly name: string;
  readonly role: Role;
  readonly state: ProcessState;
  readonly pid?: number;
  /** Milliseconds since the epoch; of a cluster elsewhere nobody knows. */
  readonly since?: number;
  /** When a frozen process goes on, milliseconds since the epoch. */
  readonly until?: number;
  /** Resident memory, bytes. */
  readonly memory?: number;
  /** How often the supervisor started it again by itself. */
  readonly restarts?: number;
  /** Why it is not running. */
  readonly detail?: string;
}

export type Role = 'broker' | 'apiserver' | 'scheduler' | 'controller-manager' | 'node-agent';

export interface ClusterStatus {
  readonly name: string;
  /** The supervisor's; of a cluster elsewhere nobody knows. */
  readonly pid?: number;
  readonly url: string;
  readonly kubeconfig: string;
  readonly processes: readonly ProcessStatus[];
}

export type ControlAnswer =
  | {
      readonly ok: true;
      readonly message?: string;
      /** When what was done ends by itself, milliseconds since the epoch. */
      readonly until?: number;
      /** Of the fault that was set. */
      readonly id?: string;
      readonly status?: ClusterStatus;
      readonly faults?: FaultList;
    }
  | { readonly ok: false; readonly message: string };
