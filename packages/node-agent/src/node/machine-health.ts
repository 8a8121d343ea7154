/**
 * Whether the machines of a process work: all on the bus, all registered.
 */
import type { BusConnection } from '@regatta/bus';
import type { ComponentCheck } from '@regatta/runtime';

export class MachineHealth {
  readonly #buses = new Set<Pick<BusConnection, 'connected'>>();
  #registered = 0;
  #off = 0;

  constructor(private readonly machines: number) {}

  connected(bus: Pick<BusConnection, 'connected'>): void {
    this.#buses.add(bus);
  }

  registered(): void {
    this.#registered++;
  }

  /** A machine that was switched off on purpose says nothing about the others. */
  switchedOff(bus: Pick<BusConnection, 'connected'>): void {
    this.#buses.delete(bus);
    this.#off++;
  }

  readonly checks: readonly ComponentCheck[] = [
    { name: 'bus', check: () => this.#bus() },
    { name: 'registration', check: () => (this.#registered + this.#off < this.machines ? 'not finished' : undefined) },
  ];

  #bus(): string | undefined {
    if (this.#buses.size + this.#off < this.machines) return 'not connected yet';
    return [...this.#buses].every(({ connected }) => connected) ? undefined : 'connection lost';
  }
}
