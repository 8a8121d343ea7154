/**
 * A running cluster as `regatta` commands see it: the one that a supervisor on this machine runs (local-control.ts), or
 * one that is somewhere else and answers through its API (remote-control.ts). Commands don't care which.
 */
import type { FaultList, LinkRequest, PartitionRequest } from '@regatta/bus';
import type { ClusterStatus } from '../supervisor/control-protocol.ts';

export type Kind = 'node' | 'component';

/** A machine or a component that was found to be one. */
export interface Target {
  readonly kind: Kind;
  readonly name: string;
}

/** What was done. */
export interface Done {
  readonly message: string;
  /** When it ends by itself, milliseconds since the epoch. */
  readonly until?: number;
  /** Of the fault that was set. */
  readonly id?: string;
}

export interface ClusterControl {
  readonly where: 'local' | 'remote';
  status(): Promise<ClusterStatus>;
  kill(target: Target): Promise<Done>;
  start(target: Target): Promise<Done>;
  reboot(target: Target): Promise<Done>;
  freeze(target: Target, forMs: number): Promise<Done>;
  thaw(target: Target): Promise<Done>;
  partition(request: PartitionRequest): Promise<Done>;
  link(request: LinkRequest): Promise<Done>;
  /** Ends every fault of a machine's links. */
  heal(node: string): Promise<Done>;
  /** Ends the fault with this id, or all there are. */
  endFault(id?: string): Promise<Done>;
  faults(): Promise<FaultList>;
  addNode(name: string | undefined): Promise<Done>;
  removeNode(name: string): Promise<Done>;
  close(): void;
}
