/**
 * A cluster that no supervisor on this machine runs (docker compose, another machine): through its HTTPS API, as whoever
 * the kubeconfig says.
 *
 * Nobody can switch a dead machine on through the cluster that it is not in: that is for whatever runs the machines.
 */
import { type Lease, type Node, StatusError } from '@regatta/api';
import type { FaultList, LinkEffect, LinkRequest, PartitionRequest } from '@regatta/bus';
import { type ApiClient, resources } from '@regatta/client';
import { type Clock, formatDuration } from '@regatta/runtime';
import { adminClient, type ConnectedClient } from '../api.ts';
import { CliError } from '../cli-error.ts';
import type { Layout } from '../layout.ts';
import type { ClusterStatus, ProcessStatus, Role } from '../supervisor/control-protocol.ts';
import { age } from '../table.ts';
import type { ClusterControl, Done, Target } from './cluster-control.ts';

const API = '/regatta/v1';

interface Report {
  readonly message: string;
  /** RFC 3339. */
  readonly until?: string;
  readonly ids?: readonly string[];
}

export class RemoteControl implements ClusterControl {
  readonly where = 'remote';
  readonly #connected: ConnectedClient;

  constructor(
    readonly layout: Layout,
    readonly clock: Clock,
  ) {
    this.#connected = adminClient(layout);
  }

  async status(): Promise<ClusterStatus> {
    const { client, name, url } = this.#connected;
    const [faults, nodes, leases] = await this.#reach(() =>
      Promise.all([this.faults(), client.resource(resources.nodes).list(), leasesOf(client)]),
    );
    const now = this.clock.now();
    const seen = (process: string, role: Role): ProcessStatus => stateOf(process, role, faults, leases, now);
    const processes = [
      seen('apiserver', 'apiserver'),
      seen('controller-manager', 'controller-manager'),
      seen('scheduler', 'scheduler'),
      ...nodes.items.map(({ metadata }: Node) => seen(metadata.name, 'node-agent')),
    ];
    return { name, url, kubeconfig: this.layout.kubeconfig, processes };
  }

  kill(target: Target): Promise<Done> {
    return this.#post(`${pathOf(target)}/kill`, {});
  }

  start({ name }: Target): Promise<Done> {
    return this.#notHere(`switched on`, `docker start <container of ${name}>`);
  }

  reboot({ name }: Target): Promise<Done> {
    return this.#notHere(`rebooted`, `docker restart --time 0 <container of ${name}>`);
  }

  freeze(target: Target, forMs: number): Promise<Done> {
    return this.#post(`${pathOf(target)}/freeze`, { for: formatDuration(forMs) });
  }

  thaw(target: Target): Promise<Done> {
    return this.#post(`${pathOf(target)}/thaw`, {});
  }

  partition({ node, from, direction, forMs }: PartitionRequest): Promise<Done> {
    return this.#post(`/nodes/${encodeURIComponent(node)}/partition`, { from, direction, for: formatDuration(forMs) });
  }

  link({ a, b, effect, direction, forMs }: LinkRequest): Promise<Done> {
    return this.#post('/links', { a, b, ...effectFields(effect), direction, for: formatDuration(forMs) });
  }

  heal(node: string): Promise<Done> {
    return this.#post(`/nodes/${encodeURIComponent(node)}/heal`, {});
  }

  endFault(id?: string): Promise<Done> {
    return this.#request('DELETE', id === undefined ? '/faults' : `/faults/${encodeURIComponent(id)}`);
  }

  faults(): Promise<FaultList> {
    const { client } = this.#connected;
    return this.#reach(async () => (await client.request({ method: 'GET', url: `${API}/faults` })) as FaultList);
  }

  addNode(): Promise<Done> {
    return this.#notHere('added', 'docker compose up --detach --scale <service>=<count>');
  }

  async removeNode(name: string): Promise<Done> {
    await this.#reach(() => this.#connected.client.resource(resources.nodes).delete(name));
    return { message: `The Node ${name} is removed; its machine joins again unless it is stopped` };
  }

  close(): void {
    this.#connected.close();
  }

  #post(path: string, body: object): Promise<Done> {
    return this.#request('POST', path, body);
  }

  async #request(method: string, path: string, body?: object): Promise<Done> {
    const { client } = this.#connected;
    const request = { method, url: `${API}${path}`, ...(body ? { body } : {}) };
    const { message, until, ids = [] } = (await this.#reach(() => client.request(request))) as Report;
    const [id] = ids;
    return {
      message,
      ...(until === undefined ? {} : { until: Date.parse(until) }),
      ...(id === undefined ? {} : { id }),
    };
  }

  /** @throws CliError in the server's words, or that it can't be reached */
  async #reach<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      if (!(error.cause instanceof Error)) throw new CliError(error.message, 1, { cause: error });
      const { url } = this.#connected;
      throw new CliError(`The API server at ${url} can't be reached: ${error.cause.message}.`, 1, { cause: error });
    }
  }

  #notHere(what: string, command: string): Promise<Done> {
    const why = `This cluster is not run by a supervisor on this machine, so a node can't be ${what} from here`;
    return Promise.reject(new CliError(`${why}. With docker compose: \`${command}\`.`));
  }
}

function pathOf({ kind, name }: Target): string {
  return `/${kind}s/${encodeURIComponent(name)}`;
}

function effectFields({ drop, delay, duplicate, bandwidth }: LinkEffect): object {
  if (delay) {
    const jitter = delay.jitterMs ? { jitter: formatDuration(delay.jitterMs) } : {};
    return { delay: formatDuration(delay.ms), ...jitter };
  }
  if (drop !== undefined) return { loss: drop };
  return duplicate === undefined ? { bandwidth } : { duplicate };
}

/** Renewal times (epoch ms) by process name. */
async function leasesOf(client: ApiClient): Promise<ReadonlyMap<string, number>> {
  const leases = client.resource(resources.leases);
  const found = await Promise.all(['kube-system', 'kube-node-lease'].map((namespace) => leases.list({ namespace })));
  const entries = found.flatMap(({ items }) => items.map(renewal));
  return new Map(entries.flatMap((entry) => (entry ? [entry] : [])));
}

function renewal({ metadata, spec }: Lease): [string, number] | undefined {
  const name = metadata.namespace === 'kube-system' ? metadata.name.replace(/^kube-/, '') : metadata.name;
  return spec?.renewTime ? [name, Date.parse(spec.renewTime)] : undefined;
}

function stateOf(
  name: string,
  role: Role,
  { frozen, silent }: FaultList,
  leases: ReadonlyMap<string, number>,
  now: number,
): ProcessStatus {
  const ice = frozen.find((one) => one.name === name);
  const renewed = leases.get(name);
  const detail = renewed === undefined ? {} : { detail: `lease renewed ${age(now - renewed)} ago` };
  if (ice)
    return { name, role, state: 'frozen', ...(ice.leftMs === undefined ? {} : { until: now + ice.leftMs }), ...detail };
  return { name, role, state: silent.includes(name) ? 'silent' : 'running', ...detail };
}
