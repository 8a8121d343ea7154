/**
 * Where faults are commanded, in the words of people: the supervisor of a local cluster and the apiserver's HTTPS API
 * both stand on it. It names endpoints, decides which end of a link keeps a fault, and asks them.
 *
 * Invariants: nothing is kept here: endpoints keep their faults, and end them by themselves. Every question to an endpoint
 * is bounded in time, and one that does not answer is named, not waited for.
 */
import { type Clock, formatDuration } from '@regatta/runtime';
import { BusError } from '../connection.ts';
import { FaultDeskError } from './fault-desk-error.ts';
import { COMPONENT_USERS, endpointName, endpointUser, isNodeUser, nodeUserOf, peersOf } from './fault-names.ts';
import {
  type ActiveFault,
  type FaultAnswer,
  type FaultCommand,
  type LinkEffect,
  type LinkFault,
  LONGEST_FAULT_MS,
} from './fault-protocol.ts';
import { describeFault, joinNames } from './fault-words.ts';

/** Real milliseconds that an endpoint has to answer. */
export const ENDPOINT_ANSWER_MS = 2_000;
/** Endpoints asked at once. */
const ASKED_AT_ONCE = 64;

export interface FaultDeskOptions {
  /** Sends a command to an endpoint. @throws BusError */
  ask(user: string, command: FaultCommand, options: { readonly timeout: number }): Promise<FaultAnswer>;
  /** Names of the machines there are. */
  nodes(): readonly string[];
  /** For those who know without asking: why an endpoint can't answer (`frozen`, `killed`); undefined for one that can. */
  absent?(user: string): string | undefined;
  readonly clock: Clock;
}

export interface PartitionRequest {
  readonly node: string;
  /** Node names, components, `control-plane`, `nodes`; everybody when empty. */
  readonly from: readonly string[];
  readonly direction: LinkFault['direction'];
  readonly forMs: number;
}

export interface LinkRequest {
  /** `direction` is as this end sees it, and this end keeps the fault. */
  readonly a: string;
  readonly b: string;
  readonly effect: LinkEffect;
  readonly direction: LinkFault['direction'];
  readonly forMs: number;
}

export type FaultReason = 'FaultInjected' | 'FaultHealed';

/** What was done. */
export interface FaultReport {
  readonly message: string;
  readonly reason: FaultReason;
  /** Ids of the faults that were set or ended. */
  readonly ids: readonly string[];
  /** Machines that it was done to. */
  readonly nodes: readonly string[];
  /** When it ends by itself, milliseconds since the epoch; for what has an end. */
  readonly until?: number;
}

/** A fault that is on, in names. */
export interface FaultView {
  readonly id: string;
  /** The end that keeps it. */
  readonly on: string;
  /** The other ends; empty for everybody. */
  readonly peers: readonly string[];
  readonly direction: LinkFault['direction'];
  readonly effect: LinkEffect;
  readonly leftMs: number;
}

export interface FrozenView {
  readonly name: string;
  /** Unknown when somebody else froze it. */
  readonly leftMs?: number;
}

export interface FaultList {
  readonly faults: readonly FaultView[];
  /** Frozen machines and components, as far as it is known here. */
  readonly frozen: readonly FrozenView[];
  /** Who did not answer. */
  readonly silent: readonly string[];
}

export class FaultDesk {
  constructor(readonly options: FaultDeskOptions) {}

  /** Cuts a machine off. @throws FaultDeskError */
  async partition({ node, from, direction, forMs }: PartitionRequest): Promise<FaultReport> {
    const nodes = this.options.nodes();
    const keeper = nodeUserOf(node, nodes);
    const peers = peersOf(from, keeper, nodes);
    const named = from.length === 0 ? '' : `-from-${[...from].sort().join('+')}`;
    return this.#set(keeper, {
      id: `partition-${plainName(node)}${named}`,
      peers,
      direction,
      effect: { drop: 1 },
      forMs,
    });
  }

  /** Makes a link bad. @throws FaultDeskError */
  async link({ a, b, effect, direction, forMs }: LinkRequest): Promise<FaultReport> {
    const nodes = this.options.nodes();
    const keeper = endpointUser(a, nodes);
    const peers = peersOf([b], keeper, nodes);
    const id = `${effectName(effect)}-${plainName(a)}-${plainName(b)}`;
    return this.#set(keeper, { id, peers, direction, effect, forMs });
  }

  /** Ends every fault of a machine's links, whichever end keeps it. @throws FaultDeskError `unreachable` */
  async heal(node: string): Promise<FaultReport> {
    const user = nodeUserOf(node, this.options.nodes());
    const absent = this.options.absent?.(user);
    if (absent)
      throw new FaultDeskError('unreachable', `${endpointName(user)} keeps its faults itself, and it is ${absent}.`);
    const { found, frozen, silent } = await this.#survey();
    if (silent.includes(user)) throw unreachable(user);
    if (frozen.some((one) => one.user === user))
      throw new FaultDeskError('refused', `${endpointName(user)} is frozen: thaw it first.`);
    const about = found.filter(({ keeper, fault }) => keeper === user || fault.peers.includes(user));
    await this.#heal(about);
    const name = endpointName(user);
    const message = about.length === 0 ? `No fault was on at ${name}` : `${name} is healed: ${countOf(about)} ended`;
    return { message, reason: 'FaultHealed', ids: about.map(({ fault }) => fault.id), nodes: [name] };
  }

  /** Ends the fault with this id. @throws FaultDeskError `not-found` */
  async end(id: string): Promise<FaultReport> {
    const { found } = await this.#survey();
    const about = found.filter(({ fault }) => fault.id === id);
    const [first] = about;
    if (!first) {
      const ids = found.map(({ fault }) => fault.id);
      throw new FaultDeskError('not-found', `No fault "${id}" is on. There are: ${ids.join(', ') || 'none'}.`);
    }
    await this.#heal(about);
    const nodes = machinesOf(first.keeper, first.fault.peers);
    return { message: `${id} has ended`, reason: 'FaultHealed', ids: [id], nodes };
  }

  /** Ends every fault there is, and lets go on what is frozen. */
  async endAll(): Promise<FaultReport> {
    const { found, frozen, silent } = await this.#survey();
    await Promise.all(frozen.map(({ user }) => this.#command(user, { op: 'thaw' })));
    await this.#heal(found);
    const said = [
      ...frozen.map(({ user }) => `${endpointName(user)} goes on`),
      ...(found.length > 0 ? [`${countOf(found)} ended`] : []),
      ...(found.length + frozen.length === 0 ? ['No fault was on'] : []),
      ...(silent.length > 0 ? [`${joinNames(silent.map(endpointName))} did not answer`] : []),
    ];
    const nodes = [
      ...frozen.flatMap(({ user }) => machinesOf(user, [])),
      ...found.flatMap(({ keeper, fault }) => machinesOf(keeper, fault.peers)),
    ];
    const ids = found.map(({ fault }) => fault.id);
    return { message: said.join('; '), reason: 'FaultHealed', ids, nodes: [...new Set(nodes)] };
  }

  /** What is on, and who can't be asked. */
  async list(): Promise<FaultList> {
    const { found, frozen, silent } = await this.#survey();
    return {
      faults: found.map(({ keeper, fault }) => viewOf(keeper, fault)),
      frozen: frozen.map(({ user, leftMs }) => ({ name: endpointName(user), leftMs })),
      silent: silent.map(endpointName),
    };
  }

  /** Ends a process, as SIGKILL would. @throws FaultDeskError */
  async kill(name: string): Promise<FaultReport> {
    const user = endpointUser(name, this.options.nodes());
    await this.#command(user, { op: 'kill' });
    return report(`${endpointName(user)} was killed`, 'FaultInjected', user);
  }

  /** Stops a process for a while, as SIGSTOP would. @throws FaultDeskError */
  async freeze(name: string, forMs: number): Promise<FaultReport> {
    const user = endpointUser(name, this.options.nodes());
    checkTime(forMs);
    await this.#command(user, { op: 'freeze', forMs });
    const until = this.options.clock.now() + forMs;
    return { ...report(`${endpointName(user)} is frozen for ${formatDuration(forMs)}`, 'FaultInjected', user), until };
  }

  /** Lets a frozen process go on. @throws FaultDeskError */
  async thaw(name: string): Promise<FaultReport> {
    const user = endpointUser(name, this.options.nodes());
    await this.#command(user, { op: 'thaw' });
    return report(`${endpointName(user)} goes on`, 'FaultHealed', user);
  }

  async #set(keeper: string, fault: LinkFault): Promise<FaultReport> {
    checkTime(fault.forMs);
    await this.#command(keeper, { op: 'set', fault });
    return {
      message: capital(`${describeFault(keeper, fault)} for ${formatDuration(fault.forMs)}`),
      reason: 'FaultInjected',
      ids: [fault.id],
      nodes: machinesOf(keeper, fault.peers),
      until: this.options.clock.now() + fault.forMs,
    };
  }

  async #heal(found: readonly Kept[]): Promise<void> {
    const byKeeper = new Map<string, string[]>();
    for (const { keeper, fault } of found) byKeeper.set(keeper, [...(byKeeper.get(keeper) ?? []), fault.id]);
    await Promise.all([...byKeeper].map(([keeper, ids]) => this.#command(keeper, { op: 'heal', ids })));
  }

  async #survey(): Promise<Survey> {
    const users = [...COMPONENT_USERS.values(), ...this.options.nodes().map((name) => nodeUserOf(name, [name]))];
    const waiting = users.filter((user) => !this.options.absent?.(user));
    const survey: Survey = { found: [], frozen: [], silent: [] };
    while (waiting.length > 0) {
      const batch = waiting.splice(0, ASKED_AT_ONCE);
      const answers = await Promise.all(batch.map((user) => this.#stateOf(user)));
      for (const [at, user] of batch.entries()) note(survey, user, answers[at]);
    }
    return survey;
  }

  /** Undefined when it does not answer. */
  async #stateOf(user: string): Promise<Obeyed | undefined> {
    try {
      return await this.#command(user, { op: 'list' });
    } catch (error) {
      if (error instanceof FaultDeskError) return undefined;
      throw error;
    }
  }

  /** @throws FaultDeskError when it does not obey */
  async #command(user: string, command: FaultCommand): Promise<Obeyed> {
    const answer = await this.#ask(user, command);
    if (answer.ok) return answer;
    throw new FaultDeskError(answer.code, `${endpointName(user)}: ${answer.message}.`);
  }

  async #ask(user: string, command: FaultCommand): Promise<FaultAnswer> {
    const absent = this.options.absent?.(user);
    if (absent) throw new FaultDeskError('unreachable', `${endpointName(user)} can't be told: it is ${absent}.`);
    try {
      return await this.options.ask(user, command, { timeout: ENDPOINT_ANSWER_MS });
    } catch (error) {
      if (error instanceof BusError) throw unreachable(user, error);
      throw error;
    }
  }
}

type Obeyed = FaultAnswer & { readonly ok: true };

interface Kept {
  readonly keeper: string;
  readonly fault: ActiveFault;
}

/** What the endpoints said. */
interface Survey {
  readonly found: Kept[];
  readonly frozen: { readonly user: string; readonly leftMs: number }[];
  /** Users that did not answer. */
  readonly silent: string[];
}

function note(survey: Survey, user: string, answer: Obeyed | undefined): void {
  if (!answer) return void survey.silent.push(user);
  survey.found.push(...answer.faults.map((fault) => ({ keeper: user, fault })));
  if (answer.frozenForMs !== undefined) survey.frozen.push({ user, leftMs: answer.frozenForMs });
}

function viewOf(on: string, { id, peers, direction, effect, leftMs }: ActiveFault): FaultView {
  const names = peers.includes('*') ? [] : peers.map(endpointName);
  return { id, on: endpointName(on), peers: names, direction, effect, leftMs };
}

function report(message: string, reason: FaultReason, user: string): FaultReport {
  return { message, reason, ids: [], nodes: machinesOf(user, []) };
}

function machinesOf(keeper: string, peers: readonly string[]): string[] {
  return [keeper, ...peers].filter(isNodeUser).map(endpointName);
}

function plainName(name: string): string {
  return name.replace(/^(node|component)\//, '');
}

function effectName(effect: LinkEffect): string {
  if (effect.drop === 1) return 'cut';
  if (effect.drop !== undefined) return 'loss';
  if (effect.delay) return 'delay';
  return effect.duplicate === undefined ? 'bandwidth' : 'duplicate';
}

function countOf(found: readonly unknown[]): string {
  return found.length === 1 ? '1 fault' : `${found.length} faults`;
}

function capital(text: string): string {
  // A machine's or a component's name stays as it is.
  return /^(what|messages|at) /.test(text) ? `${text.charAt(0).toUpperCase()}${text.slice(1)}` : text;
}

/** @throws FaultDeskError */
function checkTime(forMs: number): void {
  if (forMs > 0 && forMs <= LONGEST_FAULT_MS) return;
  throw new FaultDeskError('invalid', `A fault lasts from 1ms to ${formatDuration(LONGEST_FAULT_MS)}.`);
}

function unreachable(user: string, cause?: BusError): FaultDeskError {
  const name = endpointName(user);
  return new FaultDeskError('unreachable', `${name} does not answer: it is dead, frozen or not connected.`, {
    ...(cause ? { cause } : {}),
  });
}
