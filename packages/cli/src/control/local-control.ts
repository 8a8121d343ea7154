/**
 * The cluster of a supervisor on this machine, through its control socket. It needs neither apiserver nor, but for faults
 * of links, broker.
 */
import type { FaultList, LinkRequest, PartitionRequest } from '@regatta/bus';
import { CliError } from '../cli-error.ts';
import type { Layout } from '../layout.ts';
import { ask } from '../supervisor/control-client.ts';
import type { ClusterStatus, ControlRequest } from '../supervisor/control-protocol.ts';
import type { ClusterControl, Done, Target } from './cluster-control.ts';

export class LocalControl implements ClusterControl {
  readonly where = 'local';

  constructor(readonly layout: Layout) {}

  async status(): Promise<ClusterStatus> {
    const { status } = await ask(this.layout, { op: 'status' });
    if (!status) throw new CliError('The cluster is only just starting; try again in a moment.');
    return status;
  }

  kill({ name }: Target): Promise<Done> {
    return this.#do({ op: 'kill', process: name });
  }

  start({ name }: Target): Promise<Done> {
    return this.#do({ op: 'start', process: name });
  }

  reboot({ name }: Target): Promise<Done> {
    return this.#do({ op: 'reboot', process: name });
  }

  freeze({ name }: Target, forMs: number): Promise<Done> {
    return this.#do({ op: 'freeze', process: name, forMs });
  }

  thaw({ name }: Target): Promise<Done> {
    return this.#do({ op: 'thaw', process: name });
  }

  partition(request: PartitionRequest): Promise<Done> {
    return this.#do({ op: 'partition', request });
  }

  link(request: LinkRequest): Promise<Done> {
    return this.#do({ op: 'link', request });
  }

  heal(node: string): Promise<Done> {
    return this.#do({ op: 'heal', node });
  }

  endFault(id?: string): Promise<Done> {
    return this.#do({ op: 'end-fault', ...(id === undefined ? {} : { id }) });
  }

  async faults(): Promise<FaultList> {
    const { faults } = await ask(this.layout, { op: 'faults' });
    return faults ?? { faults: [], frozen: [], silent: [] };
  }

  addNode(name: string | undefined): Promise<Done> {
    return this.#do({ op: 'add-node', ...(name === undefined ? {} : { name }) });
  }

  removeNode(name: string): Promise<Done> {
    return this.#do({ op: 'remove-node', name });
  }

  close(): void {}

  async #do(request: ControlRequest): Promise<Done> {
    const { message = '', until, id } = await ask(this.layout, request);
    return { message, ...(until === undefined ? {} : { until }), ...(id === undefined ? {} : { id }) };
  }
}
