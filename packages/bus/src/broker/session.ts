/**
 * One client of the broker: its handshake, its rights, its subscriptions, its commands.
 *
 * Invariants: nothing but CONNECT is served before authentication; a command that the rights do not cover
 * is answered with -ERR and otherwise ignored; a malformed one closes the connection. Everything a client can make grow is
 * limited (limits.ts).
 */
import type { Socket } from 'node:net';
import type { Clock, Logger, Timer } from '@regatta/runtime';
import type { ConnectOptions, Grant } from './authenticator.ts';
import type { BrokerLimits } from './limits.ts';
import { Outbox } from './outbox.ts';
import { type CommandHandler, CommandParser, ProtocolError } from './parser.ts';
import { PermissionCheck } from './permission-check.ts';
import { covers, isLiteralSubject, isPattern } from './subject-match.ts';

export interface Subscription {
  readonly session: Session;
  readonly subject: string;
  readonly queue: string;
  readonly sid: string;
  /** Ends after so many messages; 0 for never. */
  max: number;
  delivered: number;
  /** Messages must be checked against a denial. */
  readonly filtered: boolean;
}

export interface PublishedMessage {
  readonly subject: string;
  readonly reply: string;
  readonly headerLength: number;
  readonly payload: Buffer;
}

/** What sessions need of the broker. */
export interface Switchboard {
  readonly limits: BrokerLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  authenticate(options: ConnectOptions, nonce: string): Grant | undefined;
  subscribe(subscription: Subscription): void;
  unsubscribe(subscription: Subscription): void;
  /** Delivers; false when nobody was there to get it. */
  route(message: PublishedMessage, from: Session): boolean;
  /** The session has something to write. */
  wrote(session: Session): void;
  closed(session: Session): void;
}

/** What nats-server takes for what a client does not say. */
const DEFAULT_OPTIONS: ConnectOptions = { verbose: true, pedantic: true, echo: true };
const NO_RESPONDERS = 'NATS/1.0 503\r\n\r\n';

export class Session implements CommandHandler {
  readonly outbox: Outbox;
  readonly #parser: CommandParser;
  readonly #subscriptions = new Map<string, Subscription>();
  #options: ConnectOptions = {};
  #grant: Grant | undefined;
  #publish = new PermissionCheck({ allow: [], deny: [] });
  #subscribe = new PermissionCheck({ allow: [], deny: [] });
  #pingsOut = 0;
  #timer: Timer;
  #expiry: Timer | undefined;
  #closed = false;

  constructor(
    readonly id: number,
    readonly socket: Socket,
    readonly nonce: string,
    readonly board: Switchboard,
  ) {
    this.outbox = new Outbox(socket);
    this.#parser = new CommandParser(this, board.limits);
    this.#timer = board.clock.setTimer(board.limits.authTimeout, () => this.fail('Authentication Timeout'));
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('close', () => this.#ended());
    socket.on('error', (error) => board.logger.debug('a client failed', { client: id, error }));
  }

  get user(): string | undefined {
    return this.#grant?.user;
  }

  get wantsEcho(): boolean {
    return this.#options.echo !== false;
  }

  onConnect(options: unknown): void {
    if (typeof options !== 'object' || options === null) throw new ProtocolError('syntax', 'CONNECT takes an object');
    this.#options = { ...DEFAULT_OPTIONS, ...options };
    if (this.#grant) return this.#ok();
    if (this.#options.no_responders && !this.#options.headers)
      return this.fail('no responders requires headers support');
    const grant = this.board.authenticate(this.#options, this.nonce);
    if (!grant) return this.fail('Authorization Violation');
    this.#grant = grant;
    this.#publish = new PermissionCheck(grant.permissions.publish);
    this.#subscribe = new PermissionCheck(grant.permissions.subscribe);
    this.#timer.cancel();
    this.#schedulePing();
    if (grant.expires !== undefined)
      this.#expiry = this.board.clock.setTimer(grant.expires - this.board.clock.now(), () =>
        this.fail('User Authentication Expired'),
      );
    this.#ok();
  }

  onPublish(subject: string, reply: string, headerLength: number, payload: Buffer): void {
    if (!this.#admitted()) return;
    // It says so, and delivers all the same.
    if (this.#options.pedantic && !isLiteralSubject(subject)) this.#error('Invalid Publish Subject');
    if (!this.#publish.allows(subject)) return this.#denied(`Publish to "${subject}"`);
    if (headerLength > 0 && !this.#options.headers) throw new ProtocolError('syntax', 'headers are not agreed on');
    this.#ok();
    const delivered = this.board.route({ subject, reply, headerLength, payload }, this);
    if (!delivered && reply !== '' && this.#options.no_responders) this.#noResponders(reply);
  }

  onSubscribe(subject: string, queue: string, sid: string): void {
    if (!this.#admitted()) return;
    if (!this.#subscribe.allowsPattern(subject))
      return this.#denied(`Subscription to "${subject}"${queue === '' ? '' : ` using queue "${queue}"`}`);
    if (!isPattern(subject)) return this.#error('Invalid Subject');
    if (this.#subscriptions.has(sid)) return this.#ok();
    if (this.#subscriptions.size >= this.board.limits.maxSubscriptions)
      return this.#error('maximum subscriptions exceeded');
    const filtered = this.#subscribe.filters(subject);
    const subscription = { session: this, subject, queue, sid, max: 0, delivered: 0, filtered };
    this.#subscriptions.set(sid, subscription);
    this.board.subscribe(subscription);
    this.#ok();
  }

  onUnsubscribe(sid: string, max: number): void {
    if (!this.#admitted()) return;
    const subscription = this.#subscriptions.get(sid);
    if (subscription) {
      subscription.max = max;
      if (max === 0 || subscription.delivered >= max) this.#drop(subscription);
    }
    this.#ok();
  }

  onPing(): void {
    if (this.#admitted()) this.#write('PONG\r\n');
  }

  onPong(): void {
    if (this.#admitted()) this.#pingsOut = 0;
  }

  /** Whether this subscription takes the message. */
  accepts({ filtered }: Subscription, subject: string): boolean {
    return !this.#closed && (!filtered || this.#subscribe.allows(subject));
  }

  /** Writes a message to the client. A client that does not know headers gets the body alone. */
  deliver(subscription: Subscription, { subject, reply, headerLength, payload }: PublishedMessage): void {
    const { sid } = subscription;
    const head = reply === '' ? `${subject} ${sid}` : `${subject} ${sid} ${reply}`;
    if (headerLength > 0 && this.#options.headers)
      this.outbox.message(`HMSG ${head} ${headerLength} ${payload.length}\r\n`, payload);
    else {
      const body = headerLength > 0 ? payload.subarray(headerLength) : payload;
      this.outbox.message(`MSG ${head} ${body.length}\r\n`, body);
    }
    this.board.wrote(this);
    subscription.delivered++;
    if (subscription.max > 0 && subscription.delivered >= subscription.max) this.#drop(subscription);
    if (this.outbox.pending > this.board.limits.maxPending) this.#cutOff();
  }

  send(line: string): void {
    this.#write(line);
  }

  /** Says why, and closes the connection. */
  fail(reason: string): void {
    if (this.#closed) return;
    this.outbox.line(`-ERR '${reason}'\r\n`);
    this.#end(reason);
  }

  /** Who is trusted has changed. */
  reconsider(holds: (grant: Grant) => boolean): void {
    if (this.#grant && !holds(this.#grant)) this.fail('User Authentication Revoked');
  }

  /** Closes without a word. */
  close(): void {
    this.socket.destroy();
    this.#ended();
  }

  #read(chunk: Buffer): void {
    if (this.#closed) return;
    try {
      this.#parser.push(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      if (error.code === 'syntax') this.#end(error.message);
      else this.fail(this.#grant ? error.message : 'Authorization Violation');
    }
  }

  /** Closes the connection once what waits is written. */
  #end(reason: string): void {
    if (this.#closed) return;
    this.board.logger.info('closing a client', { client: this.id, user: this.user, reason });
    this.outbox.flush();
    this.socket.end();
    this.#ended();
  }

  /** A client that is too slow to take what is sent to it must not cost the broker its memory. */
  #cutOff(): void {
    this.board.logger.warn('a slow consumer was cut off', { client: this.id, user: this.user });
    this.close();
  }

  #admitted(): boolean {
    if (this.#grant && !this.#closed) return true;
    this.fail('Authorization Violation');
    return false;
  }

  #noResponders(reply: string): void {
    for (const subscription of this.#subscriptions.values()) {
      if (!covers(subscription.subject, reply)) continue;
      const payload = Buffer.from(NO_RESPONDERS, 'latin1');
      this.deliver(subscription, { subject: reply, reply: '', headerLength: payload.length, payload });
      return;
    }
  }

  #drop(subscription: Subscription): void {
    this.#subscriptions.delete(subscription.sid);
    this.board.unsubscribe(subscription);
  }

  #denied(what: string): void {
    this.board.logger.info('denied', { client: this.id, user: this.user, what });
    this.#error(`Permissions Violation for ${what}`);
  }

  #error(reason: string): void {
    this.#write(`-ERR '${reason}'\r\n`);
  }

  #ok(): void {
    if (this.#options.verbose) this.#write('+OK\r\n');
  }

  #write(line: string): void {
    if (this.#closed) return;
    this.outbox.line(line);
    this.board.wrote(this);
    if (this.outbox.pending > this.board.limits.maxPending) this.#cutOff();
  }

  #schedulePing(): void {
    this.#timer = this.board.clock.setTimer(this.board.limits.pingInterval, () => {
      if (this.#pingsOut >= this.board.limits.maxPingsOut) return this.fail('Stale Connection');
      this.#pingsOut++;
      this.#write('PING\r\n');
      this.#schedulePing();
    });
  }

  #ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer.cancel();
    this.#expiry?.cancel();
    for (const subscription of this.#subscriptions.values()) this.board.unsubscribe(subscription);
    this.#subscriptions.clear();
    this.board.closed(this);
  }
}
