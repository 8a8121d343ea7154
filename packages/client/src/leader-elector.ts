/**
 * One of several candidates leads, by a Lease (k8s.io/client-go/tools/leaderelection).
 *
 * Invariants: a candidate takes a lease only when it saw it unchanged for the lease's whole duration by its own clock, so
 * clocks of different machines need not agree; a leader that could not renew within the renew deadline stops leading
 * before anybody else may begin. All periods are cluster time.
 */
import { isAlreadyExists, isConflict, isNotFound, type Lease } from '@regatta/api';
import { ClusterClock, type Logger, type Random, sleep } from '@regatta/runtime';
import { type AnyClock, elapsed } from './elapsed.ts';
import type { ResourceClient } from './resource-client.ts';
import { formatMicroTime } from './timestamps.ts';

export interface LeaderElectorOptions {
  readonly client: ResourceClient<Lease>;
  readonly namespace: string;
  /** The lease's name: `kube-scheduler`. */
  readonly name: string;
  /** Unique among the candidates: `<host>_<uuid>`. */
  readonly identity: string;
  readonly clock: AnyClock;
  readonly random: Random;
  readonly logger: Logger;
  /** Milliseconds; upstream's 15 s, 10 s and 2 s unless told. */
  readonly leaseDuration?: number;
  readonly renewDeadline?: number;
  readonly retryPeriod?: number;
}

const JITTER = 1.2;

interface Observation {
  readonly record: string;
  readonly lease: Lease;
  readonly at: number;
}

export class LeaderElector {
  readonly #leaseDuration: number;
  readonly #renewDeadline: number;
  readonly #retryPeriod: number;
  #observed: Observation | undefined;
  #leading = false;

  constructor(readonly options: LeaderElectorOptions) {
    this.#leaseDuration = options.leaseDuration ?? 15_000;
    this.#renewDeadline = options.renewDeadline ?? 10_000;
    this.#retryPeriod = options.retryPeriod ?? 2_000;
  }

  get isLeader(): boolean {
    return this.#leading;
  }

  /** The identity of who leads, as last seen; empty when nobody does. */
  get leader(): string {
    return this.#observed?.lease.spec.holderIdentity ?? '';
  }

  /**
   * Waits to lead, then runs `lead` with a signal that aborts when the lead is lost or `signal` aborts.
   * @returns when the lead is over; the caller starts anew or ends, as upstream's components do
   */
  async run(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    if (!(await this.#acquire(signal))) return;
    const lost = new AbortController();
    const stop = (): void => lost.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    this.#leading = true;
    this.options.logger.info('successfully acquired lease', { lease: this.options.name });
    const leading = lead(lost.signal).finally(() => lost.abort(new Error('done leading')));
    await this.#renewUntilLost(lost.signal);
    this.#leading = false;
    lost.abort(new Error('leader election lost'));
    signal.removeEventListener('abort', stop);
    await leading;
    await this.#release();
  }

  async #acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.#tryAcquireOrRenew()) return true;
      await this.#wait(this.#retryPeriod * (1 + JITTER * this.options.random.next()), signal);
    }
    return false;
  }

  async #renewUntilLost(signal: AbortSignal): Promise<void> {
    let renewed = this.options.clock.now();
    while (!signal.aborted) {
      await this.#wait(this.#retryPeriod, signal);
      if (signal.aborted) return;
      if (await this.#renewBefore(renewed, signal)) renewed = this.options.clock.now();
      else if (elapsed(this.options.clock, renewed) >= this.#renewDeadline) {
        this.options.logger.error('failed to renew lease', { lease: this.options.name });
        return;
      }
    }
  }

  /** A renewal that hangs must not outlast the deadline. */
  async #renewBefore(renewed: number, signal: AbortSignal): Promise<boolean> {
    const left = this.#renewDeadline - elapsed(this.options.clock, renewed);
    const over = new AbortController();
    const deadline = this.#wait(left, AbortSignal.any([signal, over.signal])).then(() => false);
    const result = await Promise.race([this.#tryAcquireOrRenew(), deadline]);
    over.abort();
    return result;
  }

  async #tryAcquireOrRenew(): Promise<boolean> {
    try {
      return await this.#acquireOrRenew();
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error))
        this.options.logger.warn('failed to acquire or renew lease', { lease: this.options.name, error });
      return false;
    }
  }

  async #acquireOrRenew(): Promise<boolean> {
    const { client, namespace, name, identity, clock } = this.options;
    const lease = await this.#read();
    if (!lease) {
      const metadata = { name, namespace };
      this.#observe(await client.create({ metadata, spec: this.#record(0, formatMicroTime(clock.now())) }));
      return true;
    }
    this.#observe(lease);
    const { holderIdentity = '', leaseTransitions = 0, acquireTime } = lease.spec;
    const mine = holderIdentity === identity;
    if (!mine && holderIdentity !== '' && !this.#expired()) return false;
    const spec = mine
      ? this.#record(leaseTransitions, acquireTime ?? formatMicroTime(clock.now()))
      : this.#record(leaseTransitions + 1, formatMicroTime(clock.now()));
    this.#observe(await client.update({ ...lease, spec }));
    return true;
  }

  async #read(): Promise<Lease | undefined> {
    const { client, namespace, name } = this.options;
    try {
      return await client.get(name, namespace);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #record(leaseTransitions: number, acquireTime: string): Lease['spec'] {
    const { identity, clock } = this.options;
    const leaseDurationSeconds = Math.max(1, Math.round(this.#leaseDuration / 1000));
    const renewTime = formatMicroTime(clock.now());
    return { holderIdentity: identity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions };
  }

  #observe(lease: Lease): void {
    const record = JSON.stringify(lease.spec);
    if (this.#observed?.record !== record) this.#observed = { record, lease, at: this.options.clock.now() };
  }

  #expired(): boolean {
    return this.#observed !== undefined && elapsed(this.options.clock, this.#observed.at) >= this.#leaseDuration;
  }

  /** As upstream's ReleaseOnCancel: the next candidate need not wait. */
  async #release(): Promise<void> {
    const { client, identity, clock, logger } = this.options;
    const lease = this.#observed?.lease;
    if (lease?.spec.holderIdentity !== identity) return;
    const now = formatMicroTime(clock.now());
    const { leaseTransitions } = lease.spec;
    const spec = { holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions, renewTime: now, acquireTime: now };
    try {
      this.#observe(await client.update({ ...lease, spec }));
    } catch (error) {
      logger.debug('could not release lease', { lease: this.options.name, error });
    }
  }

  /** Ends early, without an error, when the signal aborts. */
  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    const waiting = clock instanceof ClusterClock ? clock.sleep(ms, signal) : sleep(clock, ms, signal);
    await waiting.catch(() => {});
  }
}
