/**
 * The supervisor's side of faults: processes are frozen by signals, links through a connection to the bus, as
 * `system:fault-injector`, that is opened with the first such command.
 *
 * Owns: that connection, and the recorder of what is said of Nodes.
 */
import {
  askEndpoint,
  type BusConnection,
  connectBus,
  credentialsFile,
  endpointName,
  FAULT_INJECTOR_USER,
  FaultDesk,
  type FaultList,
  type FaultReport,
  mintCredentials,
} from '@regatta/bus';
import { EventRecorder, resources } from '@regatta/client';
import { type Clock, formatDuration, silentLogger, systemRandom } from '@regatta/runtime';
import { adminClient } from '../api.ts';
import { CliError } from '../cli-error.ts';
import type { Layout } from '../layout.ts';
import type { ControlAnswer } from './control-protocol.ts';
import type { ManagedProcess } from './managed-process.ts';

/** Real milliseconds to reach the broker. */
const CONNECT_MS = 2_000;

export interface FaultControlOptions {
  readonly layout: Layout;
  readonly busPort: number;
  readonly clock: Clock;
  /** Path of the freezer's bundle. */
  readonly freezer: string;
  processes(): readonly ManagedProcess[];
}

export class FaultControl {
  readonly desk: FaultDesk;
  #bus: Promise<BusConnection> | undefined;
  #recorder: EventRecorder | undefined;

  constructor(readonly options: FaultControlOptions) {
    this.desk = new FaultDesk({
      ask: async (user, command, asked) => askEndpoint(await this.#connection(), user, command, asked),
      nodes: () => this.#machines().map(({ spec }) => spec.name),
      absent: (user) => this.#isAbsent(user),
      clock: options.clock,
    });
  }

  async freeze(target: ManagedProcess, forMs: number): Promise<ControlAnswer> {
    const { name, role } = target.spec;
    const { state } = target.status();
    if (state !== 'running' && state !== 'frozen')
      throw new CliError(`${name} can't be frozen: it is ${plight(target)}.`);
    const until = await target.freeze(this.options.freezer, forMs);
    const message = `${name} is frozen (SIGSTOP) for ${formatDuration(forMs)}`;
    if (role === 'node-agent') this.#record({ message, reason: 'FaultInjected', ids: [], nodes: [name], until });
    return { ok: true, message, until };
  }

  async thaw(target: ManagedProcess): Promise<ControlAnswer> {
    const { name, role } = target.spec;
    const { state } = target.status();
    if (state !== 'frozen') throw new CliError(`${name} is not frozen: it is ${state}.`);
    await target.thaw();
    const message = `${name} goes on`;
    if (role === 'node-agent') this.#record({ message, reason: 'FaultHealed', ids: [], nodes: [name] });
    return { ok: true, message };
  }

  /** Does something to links. */
  async command(act: (desk: FaultDesk) => Promise<FaultReport>): Promise<ControlAnswer> {
    const report = await act(this.desk);
    this.#record(report);
    const { message, until, ids } = report;
    const [id] = ids;
    return { ok: true, message, ...(until === undefined ? {} : { until }), ...(id === undefined ? {} : { id }) };
  }

  /** Ends all: faults of links where the broker lets us, and what is frozen in any case. */
  async endAll(): Promise<ControlAnswer> {
    const frozen = this.options.processes().filter((process) => process.state === 'frozen');
    await Promise.all(frozen.map((process) => process.thaw()));
    const thawed = frozen.map(({ spec }) => `${spec.name} goes on`);
    const healed = await this.command((desk) => desk.endAll());
    return { ...healed, message: [...thawed, ...('message' in healed ? [healed.message] : [])].join('; ') };
  }

  async list(): Promise<FaultList> {
    const now = this.options.clock.now();
    const stopped = this.options.processes().flatMap((process) => {
      const { name, state, until } = process.status();
      return state === 'frozen' ? [{ name, ...(until === undefined ? {} : { leftMs: Math.max(0, until - now) }) }] : [];
    });
    if (this.#broker()?.state !== 'running') return { faults: [], frozen: stopped, silent: ['broker'] };
    const list = await this.desk.list();
    // What was frozen over the bus is known by its own freezer alone.
    const known = new Map([...stopped, ...list.frozen].map((frozen) => [frozen.name, frozen]));
    return { ...list, frozen: [...known.values()] };
  }

  /** Says on a Node what was done to it by signals. */
  killed(name: string): void {
    this.#record({ message: `${name} was killed (SIGKILL)`, reason: 'FaultInjected', ids: [], nodes: [name] });
  }

  async close(): Promise<void> {
    this.#recorder?.close();
    await this.#bus?.then((bus) => bus.close()).catch(() => undefined);
  }

  #machines(): ManagedProcess[] {
    return this.options.processes().filter(({ spec }) => spec.role === 'node-agent');
  }

  #broker(): ManagedProcess | undefined {
    return this.options.processes().find(({ spec }) => spec.role === 'broker');
  }

  /** Why an endpoint need not be asked; undefined for one that runs, or that somebody else froze. */
  #isAbsent(user: string): string | undefined {
    const process = this.options.processes().find(({ spec }) => spec.name === endpointName(user));
    if (!process) return 'not here';
    const { state, until } = process.status();
    return state === 'running' || (state === 'frozen' && until === undefined) ? undefined : plight(process);
  }

  /** @throws CliError when the broker is not there */
  async #connection(): Promise<BusConnection> {
    const state = this.#broker()?.state;
    if (state !== 'running') {
      const remedy = state === 'frozen' ? 'thaw' : 'start';
      throw new CliError(
        `Faults of links are set through the broker, and it is ${state ?? 'not there'}: \`regatta component ${remedy} broker\` first.`,
      );
    }
    this.#bus ??= this.#connect();
    try {
      return await this.#bus;
    } catch (error) {
      this.#bus = undefined;
      throw new CliError('The broker does not answer.', 1, { cause: error });
    }
  }

  async #connect(): Promise<BusConnection> {
    const { layout, busPort, clock } = this.options;
    await mintCredentials(layout.bus, FAULT_INJECTOR_USER);
    return connectBus({
      servers: `nats://127.0.0.1:${busPort}`,
      credentialsFile: credentialsFile(layout.bus, FAULT_INJECTOR_USER),
      user: FAULT_INJECTOR_USER,
      clock,
      logger: silentLogger,
      random: systemRandom,
      signal: AbortSignal.timeout(CONNECT_MS),
    });
  }

  /** Writes Events where there is an apiserver to take them; nobody waits for it. */
  #record({ nodes, reason, message, until }: FaultReport): void {
    if (nodes.length === 0) return;
    this.#recorder ??= this.#newRecorder();
    const end = until === undefined ? '' : ` (until ${new Date(until).toISOString()})`;
    for (const name of nodes) {
      const regarding = { kind: 'Node', apiVersion: 'v1', name, uid: name };
      this.#recorder?.event(regarding, reason === 'FaultInjected' ? 'Warning' : 'Normal', reason, `${message}${end}`);
    }
  }

  #newRecorder(): EventRecorder {
    const { layout, clock } = this.options;
    const client = adminClient(layout).client.resource(resources.events);
    return new EventRecorder({ client, component: 'regatta', clock, random: systemRandom });
  }
}

/** What a process is instead of running, and what to do about it. */
export function plight(process: ManagedProcess): string {
  const { name, role } = process.spec;
  const { state } = process;
  const verb = state === 'frozen' ? 'thaw' : 'start';
  const kind = role === 'node-agent' ? 'node' : 'component';
  return state === 'starting' ? 'only just starting' : `${state} (\`regatta ${kind} ${verb} ${name}\` first)`;
}
