/**
 * The embedded broker: NATS's core protocol for one machine (DESIGN 4). It has no clustering, no JetStream, no TLS: it
 * listens on the loopback interface, and a cluster on more machines uses nats-server.
 *
 * Invariants: messages of one publisher to one subscriber keep their order; a message is delivered at most once to each
 * subscription; one slow client delays nobody (it is cut off at `maxPending`). Writes are collected while the sockets that
 * are readable now are read, then flushed together.
 */
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { type Clock, type Logger, yieldToEventLoop } from '@regatta/runtime';
import type { BusTrust } from '../identity/account.ts';
import { Authenticator, type ConnectOptions, type Grant } from './authenticator.ts';
import { type BrokerLimits, DEFAULT_LIMITS } from './limits.ts';
import { type PublishedMessage, Session, type Subscription, type Switchboard } from './session.ts';
import { SubjectTree } from './subject-tree.ts';

export interface BrokerOptions {
  /** 0 for any that is free. */
  readonly port: number;
  readonly host?: string;
  readonly trust: BusTrust;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<BrokerLimits>;
}

export interface Broker {
  readonly port: number;
  readonly host: string;
  /** Clients connected now. */
  readonly connections: number;
  /** Subscriptions of all clients. */
  readonly subscriptions: number;
  /** From now on this is trusted, and who is connected without its trust is cut off. @throws RangeError when it makes no sense */
  setTrust(trust: BusTrust): void;
  close(): Promise<void>;
}

/** The nats-server release whose core protocol this is; clients look at it to know what they may use. */
const PROTOCOL_VERSION = '2.10.0';

/** @throws NodeJS.ErrnoException `EADDRINUSE` when the port is taken */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { port, host = '127.0.0.1' } = options;
  const board = new BrokerBoard(options);
  const server = net.createServer({ noDelay: true }, (socket) => board.accept(socket));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the broker has no TCP address');
  board.port = address.port;
  return {
    port: address.port,
    host,
    get connections() {
      return board.connections;
    },
    get subscriptions() {
      return board.subscriptions;
    },
    setTrust: (trust) => board.setTrust(trust),
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      board.closeAll();
      return closed;
    },
  };
}

class BrokerBoard implements Switchboard {
  readonly limits: BrokerLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  port = 0;
  readonly #host: string;
  readonly #serverId = randomBytes(16).toString('hex').toUpperCase();
  #authenticator: Authenticator;
  readonly #tree = new SubjectTree<Subscription>();
  readonly #sessions = new Set<Session>();
  readonly #unflushed = new Set<Session>();
  #ids = 0;
  #turn = 0;

  constructor({ trust, clock, logger, limits, host = '127.0.0.1' }: BrokerOptions) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.clock = clock;
    this.logger = logger;
    this.#host = host;
    this.#authenticator = new Authenticator(trust);
  }

  get connections(): number {
    return this.#sessions.size;
  }

  get subscriptions(): number {
    return this.#tree.size;
  }

  setTrust(trust: BusTrust): void {
    const authenticator = new Authenticator(trust);
    const sameAccount = trust.account === this.#authenticator.trust.account;
    this.#authenticator = authenticator;
    for (const session of [...this.#sessions])
      session.reconsider((grant) => sameAccount && !authenticator.isRevoked(grant));
  }

  accept(socket: net.Socket): void {
    const nonce = randomBytes(11).toString('base64url');
    const session = new Session(++this.#ids, socket, nonce, this);
    if (this.#sessions.size >= this.limits.maxConnections) return session.fail('maximum connections exceeded');
    this.#sessions.add(session);
    session.send(`INFO ${JSON.stringify(this.#info(session))}\r\n`);
  }

  authenticate(options: ConnectOptions, nonce: string): Grant | undefined {
    return this.#authenticator.authenticate(options, nonce, this.clock.now());
  }

  subscribe(subscription: Subscription): void {
    this.#tree.add(subscription);
  }

  unsubscribe(subscription: Subscription): void {
    this.#tree.delete(subscription);
  }

  route(message: PublishedMessage, from: Session): boolean {
    const { plain, queues } = this.#tree.match(message.subject);
    let delivered = false;
    for (const subscription of plain) if (deliver(subscription, message, from)) delivered = true;
    for (const group of queues) if (this.#deliverToOne(group, message, from)) delivered = true;
    return delivered;
  }

  wrote(session: Session): void {
    if (this.#unflushed.size === 0) void yieldToEventLoop().then(() => this.#flush());
    this.#unflushed.add(session);
  }

  closed(session: Session): void {
    this.#sessions.delete(session);
    this.#unflushed.delete(session);
  }

  closeAll(): void {
    for (const session of [...this.#sessions]) session.close();
  }

  /** Members of a queue group take turns; one that may not have the message is passed over. */
  #deliverToOne(group: readonly Subscription[], message: PublishedMessage, from: Session): boolean {
    this.#turn = (this.#turn + 1) % 0x40000000;
    for (let i = 0; i < group.length; i++) {
      const subscription = group[(this.#turn + i) % group.length];
      if (subscription && deliver(subscription, message, from)) return true;
    }
    return false;
  }

  #flush(): void {
    const sessions = [...this.#unflushed];
    this.#unflushed.clear();
    for (const session of sessions) session.outbox.flush();
  }

  #info(session: Session): object {
    return {
      server_id: this.#serverId,
      server_name: 'regatta',
      version: PROTOCOL_VERSION,
      proto: 1,
      host: this.#host,
      port: this.port,
      headers: true,
      auth_required: true,
      max_payload: this.limits.maxPayload,
      client_id: session.id,
      nonce: session.nonce,
    };
  }
}

function deliver(subscription: Subscription, message: PublishedMessage, from: Session): boolean {
  const { session } = subscription;
  if (session === from && !session.wantsEcho) return false;
  if (!session.accepts(subscription, message.subject)) return false;
  session.deliver(subscription, message);
  return true;
}
