/**
 * Whether the machines of a process work: all on the bus, all registered.
 */
import type { BusConnection } from '@regatta/bus';
import type { ComponentCheck } from '@regatta/runtime';

export class MachineHealth {
  readonly #buses: Pick<BusConnection, 'connected'>[] = [];
  #registered = 0;

  constructor(private readonly machines: number) {}

  connected(bus: Pick<BusConnection, 'connected'>): void {
    this.#buses.push(bus);
  }

  registered(): void {
    this.#registered++;
  }

  readonly checks: readonly ComponentCheck[] = [
    { name: 'bus', check: () => this.#bus() },
    { name: 'registration', check: () => (this.#registered < this.machines ? 'not finished' : undefined) },
  ];

  #bus(): string | undefined {
    if (this.#buses.length < this.machines) return 'not connected yet';
    return this.#buses.every(({ connected }) => connected) ? undefined : 'connection lost';
  }
}
