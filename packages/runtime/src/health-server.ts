/**
 * `/healthz`, `/livez` and `/readyz` of a component, over plain HTTP on loopback (upstream: the kubelet's 10248, the
 * controller-manager's 10257, the scheduler's 10259). Whoever looks after the process asks it: a frozen one answers
 * nothing, one that has lost what it works with answers 500 and what is missing.
 *
 * `/livez` says that the process runs; the others say that it works.
 * Owns: its listener. It loads Node's HTTP server when it is started: processes without one don't pay for it.
 */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ComponentCheck {
  readonly name: string;
  /** What is wrong; undefined when nothing is. */
  check(): string | undefined;
}

export interface HealthAddress {
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

export const HEALTH_LIMITS = {
  /** Connections beyond this many are closed at once. */
  connections: 32,
  /** Real milliseconds for a whole request. */
  requestTimeout: 5_000,
} as const;

/** What every component on the bus is asked: is it connected, and has it begun to work. */
export class ComponentHealth {
  #bus: { readonly connected: boolean } | undefined;
  #works = false;

  /** @param name of what must be finished before the component works: `informers` */
  constructor(private readonly name: string) {}

  connected(bus: { readonly connected: boolean }): void {
    this.#bus = bus;
  }

  working(): void {
    this.#works = true;
  }

  get checks(): readonly ComponentCheck[] {
    return [
      { name: 'bus', check: () => this.#busProblem() },
      { name: this.name, check: () => (this.#works ? undefined : 'not finished') },
    ];
  }

  #busProblem(): string | undefined {
    if (!this.#bus) return 'not connected yet';
    return this.#bus.connected ? undefined : 'connection lost';
  }
}

const ENDPOINT = /^\/(healthz|livez|readyz)\/?$/;

/** `HOST:PORT`, the host of IPv6 in brackets. @throws RangeError with a sentence */
export function parseHealthAddress(text: string): HealthAddress {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535) {
    throw new RangeError(`--health-address takes HOST:PORT, not ${JSON.stringify(text)}`);
  }
  return { host, port: Number(port) };
}

/** Resolves when it listens. @throws Error when the address can't be had */
export async function serveHealth(address: HealthAddress, checks: readonly ComponentCheck[]): Promise<HealthServer> {
  const { createServer } = await import('node:http');
  const server = createServer({ requestTimeout: HEALTH_LIMITS.requestTimeout }, (request, response) => {
    const { code, text } = answer(request.method ?? '', request.url ?? '', checks);
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
    response.writeHead(code, { ...headers, connection: 'close' }).end(text);
  });
  server.maxConnections = HEALTH_LIMITS.connections;
  await listen(server, address);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: HealthAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function answer(method: string, url: string, checks: readonly ComponentCheck[]): { code: number; text: string } {
  const [path = '', query] = url.split('?', 2);
  const [, endpoint] = ENDPOINT.exec(path) ?? [];
  if (endpoint === undefined) return { code: 404, text: '404 page not found\n' };
  if (method !== 'GET' && method !== 'HEAD') return { code: 405, text: 'method not allowed\n' };
  const asked = endpoint === 'livez' ? [] : checks;
  const found = asked.map(({ name, check }) => ({ name, problem: check() }));
  const lines = found.map(({ name, problem }) => (problem === undefined ? `[+]${name} ok` : `[-]${name} ${problem}`));
  const text = ['[+]ping ok', ...lines].join('\n');
  if (found.some(({ problem }) => problem !== undefined))
    return { code: 500, text: `${text}\n${endpoint} check failed\n` };
  const verbose = new URLSearchParams(query).has('verbose');
  return { code: 200, text: verbose ? `${text}\n${endpoint} check passed\n` : 'ok' };
}
