/**
 * Node ports of Services (upstream: pkg/registry/core/service/portallocator).
 *
 * What is taken is read from the Services themselves: the index follows the store's events, and holds beside them what
 * writes under way have reserved. Ports 30000 to 30085 are the static band, used last when a port is chosen.
 */
import type { Service } from '@regatta/api';
import type { Random } from '@regatta/runtime';
import { type ObjectStorage, storageKey } from '../storage/object-storage.ts';
import { AllocationError } from './allocation-error.ts';
import { bandOffset, wrapped } from './ipv4-range.ts';

export const NODE_PORTS = { first: 30_000, last: 32_767 } as const;
const DYNAMIC_FIRST =
  NODE_PORTS.first + bandOffset(NODE_PORTS.last - NODE_PORTS.first + 1, { min: 16, max: 128, step: 32 });
const SERVICES = storageKey('', 'services');

export class NodePorts {
  /** Port → how many Services use it (protocols may share one). */
  readonly #used = new Map<number, number>();
  readonly #reserved = new Set<number>();

  constructor(
    storage: ObjectStorage,
    private readonly random: Random,
  ) {
    storage.onEvent(SERVICES, ({ type, current, previous }) => {
      if (previous) this.#count(portsOf(previous.object as Service), -1);
      else if (type === 'DELETED') this.#count(portsOf(current.object as Service), -1);
      if (type !== 'DELETED') this.#count(portsOf(current.object as Service), 1);
    });
    const listed = storage.list(SERVICES, {});
    if (listed instanceof Promise) throw new Error('the newest state is listed synchronously');
    for (const { object } of listed.items) this.#count(portsOf(object as Service), 1);
  }

  /** A write's ports: taken together, kept or given back together. */
  begin(): PortReservation {
    return new Reservation(this.#reserved, (port) => this.#used.has(port), this.random);
  }

  /** The same for a dry run, which keeps nothing and answers made-up ports, beyond the range, as upstream's do. */
  rehearse(): PortReservation {
    return new Rehearsal((port) => this.#used.has(port) || this.#reserved.has(port));
  }

  #count(ports: readonly number[], by: 1 | -1): void {
    for (const port of ports) {
      const count = (this.#used.get(port) ?? 0) + by;
      if (count > 0) this.#used.set(port, count);
      else this.#used.delete(port);
    }
  }
}

export interface PortReservation {
  /** @throws AllocationError */
  take(port: number): void;
  /** @throws AllocationError `full` */
  takeAny(): number;
  /** The write is over: the stored Service speaks for its ports from now on. */
  end(): void;
}

class Reservation implements PortReservation {
  readonly #own: number[] = [];

  constructor(
    private readonly reserved: Set<number>,
    private readonly isUsed: (port: number) => boolean,
    private readonly random: Random,
  ) {}

  take(port: number): void {
    const { first, last } = NODE_PORTS;
    if (port < first || port > last) {
      const message = `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
      throw new AllocationError('out-of-range', message);
    }
    if (!this.#isFree(port)) throw taken();
    this.#reserve(port);
  }

  takeAny(): number {
    const port = this.#freeIn(DYNAMIC_FIRST, NODE_PORTS.last) ?? this.#freeIn(NODE_PORTS.first, DYNAMIC_FIRST - 1);
    if (port === undefined) throw new AllocationError('full', 'range is full');
    this.#reserve(port);
    return port;
  }

  end(): void {
    for (const port of this.#own) this.reserved.delete(port);
    this.#own.length = 0;
  }

  #freeIn(first: number, last: number): number | undefined {
    for (const port of wrapped(first, last, this.random)) if (this.#isFree(port)) return port;
    return undefined;
  }

  #isFree(port: number): boolean {
    return !this.reserved.has(port) && !this.isUsed(port);
  }

  #reserve(port: number): void {
    this.reserved.add(port);
    this.#own.push(port);
  }
}

const FIRST_MADE_UP = 32_769;

class Rehearsal implements PortReservation {
  readonly #own: number[] = [];

  constructor(private readonly isTaken: (port: number) => boolean) {}

  take(port: number): void {
    if (this.isTaken(port) || this.#own.includes(port)) throw taken();
    this.#own.push(port);
  }

  takeAny(): number {
    const port = this.#own.length === 0 ? FIRST_MADE_UP : Math.max(...this.#own) + 1;
    this.#own.push(port);
    return port;
  }

  end(): void {}
}

function taken(): AllocationError {
  return new AllocationError('taken', 'provided port is already allocated');
}

function portsOf({ spec }: Service): number[] {
  const ports = (spec.ports ?? []).flatMap((port) => (port.nodePort ? [port.nodePort] : []));
  if (spec.healthCheckNodePort) ports.push(spec.healthCheckNodePort);
  return [...new Set(ports)];
}
