/**
 * Opens a BusConnection with the official NATS client. The client reconnects for ever: at once, then with a short back-off.
 */
import { readFile } from 'node:fs/promises';
import type { NatsConnection, PermissionViolationError } from '@nats-io/transport-node';
import { type Clock, type Logger, type Random, sleep, systemRandom } from '@regatta/runtime';
import { type BusConnection, BusError } from './connection.ts';
import type { EndpointControl } from './faults/endpoint-control.ts';
import { ExemptLine } from './faults/exempt-line.ts';
import { FaultService } from './faults/fault-service.ts';
import { FaultTable } from './faults/fault-table.ts';
import { FaultyWire } from './faults/faulty-wire.ts';
import { Credentials } from './identity/credentials.ts';
import { BusLink } from './link/bus-link.ts';
import { DEFAULT_LINK_LIMITS, type LinkLimits } from './link/limits.ts';
import type { Wire, WireMessage, WireSubscription } from './link/wire.ts';
import { FAULT_INJECTOR_USER } from './subjects.ts';

export interface ConnectBusOptions {
  /** `nats://127.0.0.1:4222` */
  readonly servers: string | readonly string[];
  readonly credentialsFile: string;
  /** The Kubernetes user name that the credentials are for. */
  readonly user: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: Random;
  readonly limits?: Partial<LinkLimits>;
  /** How this endpoint is killed and frozen when that is asked of it over the bus; without it, it refuses. */
  readonly control?: EndpointControl;
  /** Stops waiting for the first connection. */
  readonly signal?: AbortSignal;
}

/** Real milliseconds between attempts to connect, jittered down to half: a restart of the broker is hardly noticed. */
const RECONNECT = { base: 50, factor: 1.5, max: 500 };

/** Real milliseconds; a broker that leaves two PINGs unanswered is frozen or unreachable. */
const PING_INTERVAL = 10_000;

/** The delay before each attempt. The client asks for it more often than it tries, so attempts are counted apart. */
class ReconnectDelay {
  #attempts = 0;

  constructor(readonly random: Random) {}

  get(): number {
    const delay = Math.min(RECONNECT.max, RECONNECT.base * RECONNECT.factor ** Math.min(this.#attempts, 20));
    return delay * (0.5 + this.random.next() / 2);
  }

  tried(): void {
    this.#attempts++;
  }

  reset(): void {
    this.#attempts = 0;
  }
}

/**
 * @returns once connected; waits while the broker can't be reached
 * @throws BusError `denied` when the credentials are not the user's or the broker does not take them
 * @throws the signal's reason when it aborts before
 */
export async function connectBus(options: ConnectBusOptions): Promise<BusConnection> {
  const { user, clock, logger, random = systemRandom, limits, control } = options;
  const wire = await openWire(options);
  const exempt = new ExemptLine({ wire, user, clock, random });
  const table = new FaultTable(clock);
  // Who injects faults is no part of the cluster: nothing is done to it.
  if (user !== FAULT_INJECTOR_USER) new FaultService({ line: exempt, table, logger, ...(control ? { control } : {}) });
  const faulty = new FaultyWire({ wire, table, clock, random, logger });
  return new BusLink(faulty, { user, clock, logger, random, exempt, limits: { ...DEFAULT_LINK_LIMITS, ...limits } });
}

/**
 * The connection itself, without faults, calls and streams.
 * @throws as connectBus does
 */
export async function openWire(options: ConnectBusOptions): Promise<Wire> {
  const { user, logger, random = systemRandom } = options;
  const credentials = new Credentials(await readFile(options.credentialsFile, 'utf8'));
  if (credentials.user !== user)
    throw new BusError('denied', `${options.credentialsFile} is for ${credentials.user}, not for ${user}`);
  const delay = new ReconnectDelay(random);
  return new NatsWire(await firstConnection(options, credentials, delay), logger, delay);
}

/** The client's own waiting for a first connection can't be stopped and takes no refusal for an answer. */
async function firstConnection(
  { servers, user, clock, signal }: ConnectBusOptions,
  credentials: Credentials,
  delay: ReconnectDelay,
): Promise<NatsConnection> {
  const { AuthorizationError, connect } = await import('./nats-client.ts');
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await connect({
        servers: typeof servers === 'string' ? servers : [...servers],
        name: user,
        authenticator: (nonce = '') => ({ jwt: credentials.jwt, sig: credentials.sign(nonce) }),
        maxReconnectAttempts: -1,
        pingInterval: PING_INTERVAL,
        ignoreAuthErrorAbort: true,
        ignoreClusterUpdates: true,
        noAsyncTraces: true,
        reconnectDelayHandler: () => delay.get(),
      });
    } catch (error) {
      if (error instanceof AuthorizationError)
        throw new BusError('denied', `the bus does not accept the credentials of ${user}`, { cause: error });
      delay.tried();
      await sleep(clock, delay.get(), signal);
    }
  }
}

function isPermissionViolation(error: Error): error is PermissionViolationError {
  return 'operation' in error && 'subject' in error;
}

class NatsWire implements Wire {
  readonly #connected: ((connected: boolean) => void)[] = [];
  readonly #denied: ((subject: string) => void)[] = [];

  constructor(
    readonly connection: NatsConnection,
    readonly logger: Logger,
    readonly delay: ReconnectDelay,
  ) {
    delay.reset();
    this.#follow().catch((error: unknown) => logger.error('the bus connection ended', { error }));
  }

  publish(subject: string, data: Uint8Array, reply?: string): void {
    if (this.connection.isClosed()) return;
    this.connection.publish(subject, data, reply === undefined ? undefined : { reply });
  }

  subscribe(subject: string, onMessage: (message: WireMessage) => void, queue?: string): WireSubscription {
    const subscription = this.connection.subscribe(subject, {
      queue,
      callback: (error, message) => {
        if (error) this.logger.error('a subscription was refused', { subject, error });
        else onMessage(message);
      },
    });
    return {
      stop: () => {
        if (!this.connection.isClosed()) subscription.unsubscribe();
      },
    };
  }

  onConnected(listener: (connected: boolean) => void): void {
    this.#connected.push(listener);
  }

  onDenied(listener: (subject: string) => void): void {
    this.#denied.push(listener);
  }

  flush(): Promise<void> {
    return this.connection.flush();
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  async #follow(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') this.#tell(false);
      else if (status.type === 'reconnecting') this.delay.tried();
      else if (status.type === 'reconnect') {
        this.delay.reset();
        this.#tell(true);
      } else if (status.type === 'error') this.#refused(status.error);
    }
  }

  #tell(connected: boolean): void {
    this.logger.info(connected ? 'connected to the bus again' : 'the bus connection is lost');
    for (const listener of this.#connected) listener(connected);
  }

  #refused(error: Error): void {
    if (!isPermissionViolation(error)) return this.logger.warn('the bus reports an error', { error });
    this.logger.warn('the bus refused', { operation: error.operation, subject: error.subject });
    if (error.operation === 'publish') for (const listener of this.#denied) listener(error.subject);
  }
}
