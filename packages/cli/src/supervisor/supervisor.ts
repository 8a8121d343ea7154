/**
 * Starts and stops the processes of one local cluster, and answers `regatta` commands about them.
 *
 * Owns: the children, the control socket and cluster.json of its data folder.
 * Invariants: what a person killed stays down until a person starts it; when the supervisor ends, however it ends, its
 * children end too (they watch their IPC channel).
 */
import fs from 'node:fs';
import path from 'node:path';
import { createBusAccount, mintCredentials, revokeCredentials } from '@regatta/bus';
import { type Clock, sleep } from '@regatta/runtime';
import { CliError } from '../cli-error.ts';
import { type ClusterRecord, type NodeRecord, nextNode, writeCluster } from '../cluster-file.ts';
import type { Layout } from '../layout.ts';
import type { ClusterStatus, ControlAnswer, ControlRequest } from './control-protocol.ts';
import { FaultControl, plight } from './fault-control.ts';
import { ManagedProcess, type ProcessSpec } from './managed-process.ts';
import {
  apiserverSpec,
  brokerSpec,
  CONTROL_PLANE_USERS,
  controllerManagerSpec,
  nodeAgentSpec,
  nodeUser,
  type ProgramContext,
  schedulerSpec,
} from './programs.ts';

export interface SupervisorOptions {
  readonly layout: Layout;
  readonly cluster: ClusterRecord;
  readonly programs: string;
  readonly busPort: number;
  readonly nodeFlags?: readonly string[];
  readonly clock: Clock;
  /** Called at every change of a process. */
  readonly onChange: (process: ManagedProcess) => void;
  /** Called when a command asked the cluster to stop. */
  readonly onStop: () => void;
  /** Removes a Node object, after its machine is gone for good. */
  readonly forgetNode: (name: string) => Promise<void>;
}

/** Real milliseconds that a start waits for machines once the control plane works: what holds one up need not stop the rest. */
const MACHINE_PATIENCE_MS = 25_000;

/** What users may call a node: a DNS subdomain, as the API demands of the Node object. */
const NODE_NAME = /^(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export class Supervisor {
  readonly #processes = new Map<string, ManagedProcess>();
  #cluster: ClusterRecord;
  readonly #faults: FaultControl;
  #stopping = false;

  constructor(readonly options: SupervisorOptions) {
    this.#cluster = options.cluster;
    const { layout, busPort, clock, programs } = options;
    this.#faults = new FaultControl({
      layout,
      busPort,
      clock,
      freezer: path.join(programs, 'freezer.mjs'),
      processes: () => [...this.#processes.values()],
    });
  }

  /**
   * Brings everything up. Resolves when every process works, or when the control plane does and machines still have not
   * registered after a while: with these machines, which go on trying. @throws Error when a process ends instead
   */
  async start(): Promise<readonly ManagedProcess[]> {
    const { layout } = this.options;
    for (const dir of [layout.logDir, layout.runDir]) fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
    await createBusAccount(layout.bus);
    await Promise.all(
      [...Object.values(CONTROL_PLANE_USERS), ...this.#cluster.nodes.map((node) => nodeUser(node.name))].map((user) =>
        mintCredentials(layout.bus, user),
      ),
    );
    // Somebody may have asked to stop before there was anything to stop.
    if (this.#stopping) return [];
    const context = this.#context;
    const specs = [brokerSpec, apiserverSpec, controllerManagerSpec, schedulerSpec].map((spec) => spec(context));
    const controlPlane = Promise.all(specs.map((spec) => this.#add(spec).start()));
    const machines = this.#cluster.nodes.map((node) => this.#add(nodeAgentSpec(context, node)));
    const registered = Promise.all(machines.map((machine) => machine.start()));
    const over = new AbortController();
    const patience = controlPlane.then(() => sleep(this.options.clock, MACHINE_PATIENCE_MS, over.signal));
    await Promise.race([Promise.all([controlPlane, registered]), patience]);
    over.abort();
    return machines.filter(({ state }) => state === 'starting');
  }

  /** Stops everything: the machines first, what they talk to last. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    await this.#faults.close();
    const byRole = (...roles: string[]): ManagedProcess[] =>
      [...this.#processes.values()].filter((process) => roles.includes(process.spec.role));
    await Promise.all(byRole('node-agent', 'scheduler', 'controller-manager').map((process) => process.stop()));
    await Promise.all(byRole('apiserver').map((process) => process.stop()));
    await Promise.all(byRole('broker').map((process) => process.stop()));
  }

  /** The last resort: everything is killed, nothing is waited for. */
  killAll(): void {
    for (const process of this.#processes.values()) process.killNow();
  }

  get status(): ClusterStatus {
    const { layout } = this.options;
    return {
      name: this.#cluster.name,
      pid: process.pid,
      url: `https://127.0.0.1:${this.#cluster.port}`,
      kubeconfig: layout.kubeconfig,
      processes: [...this.#processes.values()].map((child) => child.status()),
    };
  }

  async handle(request: ControlRequest): Promise<ControlAnswer> {
    switch (request.op) {
      case 'status':
        return { ok: true, status: this.status };
      case 'stop':
        this.options.onStop();
        return { ok: true };
      case 'kill':
        return this.#kill(request.process);
      case 'start':
        return this.#startOne(request.process);
      case 'reboot':
        return this.#reboot(request.process);
      case 'freeze':
        return this.#faults.freeze(this.#find(request.process), request.forMs);
      case 'thaw':
        return this.#faults.thaw(this.#find(request.process));
      case 'partition':
        return this.#faults.command((desk) => desk.partition(request.request));
      case 'link':
        return this.#faults.command((desk) => desk.link(request.request));
      case 'heal':
        return this.#faults.command((desk) => desk.heal(request.node));
      case 'end-fault': {
        const { id } = request;
        return id === undefined ? this.#faults.endAll() : this.#faults.command((desk) => desk.end(id));
      }
      case 'faults':
        return { ok: true, faults: await this.#faults.list() };
      case 'add-node':
        return this.#addNode(request.name);
      case 'remove-node':
        return this.#removeNode(request.name);
    }
  }

  async #kill(name: string): Promise<ControlAnswer> {
    const target = this.#find(name);
    if (!['running', 'starting', 'frozen'].includes(target.state))
      throw new CliError(`${name} is not running: it is ${plight(target)}.`);
    await target.kill();
    if (target.spec.role === 'node-agent') this.#faults.killed(name);
    return { ok: true, message: `${name} was killed (SIGKILL)` };
  }

  async #reboot(name: string): Promise<ControlAnswer> {
    const target = this.#find(name);
    await target.kill();
    await target.start();
    return { ok: true, message: `${name} was switched off and has booted again` };
  }

  async #startOne(name: string): Promise<ControlAnswer> {
    const target = this.#find(name);
    if (target.state === 'running') throw new CliError(`${name} is running already.`);
    if (target.state === 'frozen') throw new CliError(`${name} is ${plight(target)}.`);
    await target.start();
    return { ok: true, message: `${name} runs` };
  }

  async #addNode(wanted: string | undefined): Promise<ControlAnswer> {
    if (wanted !== undefined && !NODE_NAME.test(wanted)) {
      throw new CliError(
        `"${wanted}" can't be a node's name: use lower-case letters, digits, '-' and '.', at most 63 characters.`,
      );
    }
    if (wanted !== undefined && this.#processes.has(wanted)) throw new CliError(`There is a "${wanted}" already.`);
    const node = nextNode(this.#cluster, wanted);
    await mintCredentials(this.options.layout.bus, nodeUser(node.name));
    this.#setNodes([...this.#cluster.nodes, node]);
    await this.#add(nodeAgentSpec(this.#context, node)).start();
    return { ok: true, message: `${node.name} has joined (${node.ip})` };
  }

  async #removeNode(name: string): Promise<ControlAnswer> {
    const target = this.#find(name);
    if (target.spec.role !== 'node-agent') throw new CliError(`${name} is not a node.`);
    await target.stop();
    this.#processes.delete(name);
    this.#setNodes(this.#cluster.nodes.filter((node) => node.name !== name));
    fs.rmSync(this.options.layout.nodeDir(name), { recursive: true, force: true });
    // Its power goes before its Node does, or a copy of it that lives on elsewhere would register again.
    revokeCredentials(this.options.layout.bus, nodeUser(name), this.options.clock.now());
    this.#find('broker').readConfigurationAgain();
    await this.options.forgetNode(name);
    return { ok: true, message: `${name} has left the cluster` };
  }

  #setNodes(nodes: readonly NodeRecord[]): void {
    this.#cluster = { ...this.#cluster, nodes };
    writeCluster(this.options.layout, this.#cluster);
  }

  #find(name: string): ManagedProcess {
    const found = this.#processes.get(name);
    if (found) return found;
    throw new CliError(`There is no "${name}" here. There are: ${[...this.#processes.keys()].join(', ')}.`);
  }

  #add(spec: ProcessSpec): ManagedProcess {
    const added = new ManagedProcess(spec, this.options.clock, (changed) => {
      if (!this.#stopping) this.options.onChange(changed);
    });
    this.#processes.set(spec.name, added);
    return added;
  }

  get #context(): ProgramContext {
    const { layout, programs, busPort, nodeFlags = [] } = this.options;
    return { layout, cluster: this.#cluster, programs, busPort, nodeFlags };
  }
}
