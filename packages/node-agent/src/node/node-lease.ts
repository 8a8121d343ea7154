/**
 * The node's heartbeat: a Lease in kube-node-lease, renewed every 10 s of cluster time
 * (upstream: staging/src/k8s.io/component-helpers/apimachinery/lease/controller.go).
 *
 * Invariants: the Lease belongs to the Node (owner reference); one renewal at a time; after a failure it tries again in
 * real time, without waiting for the next turn; however fast the cluster, LEAST_RENEW_MS lie between renewals.
 */

import { isConflict, isNotFound, type Lease, type Node } from '@regatta/api';
import { formatMicroTime } from '@regatta/client';
import { Backoff, type ClusterClock, type Logger, sleep } from '@regatta/runtime';
import type { ObjectApi } from '../api/ports.ts';

export const LEASE_NAMESPACE = 'kube-node-lease';
const DURATION_SECONDS = 40;
const RENEW_MS = 10_000;
/** Real milliseconds. The node controller waits for several of them (LEAST_GRACE_MS), also at the highest speed. */
const LEAST_RENEW_MS = 200;
/** Real milliseconds between attempts to reach the API. */
const RETRY = { base: 200, max: 7_000 };

export interface NodeLeaseOptions {
  readonly leases: ObjectApi<Lease>;
  readonly clock: ClusterClock;
  readonly logger: Logger;
  readonly nodeName: string;
  /** The Node as the API has it; the Lease waits for it. */
  node(): Node | undefined;
}

export class NodeLease {
  #lease: Lease | undefined;
  readonly #backoff = new Backoff(RETRY);

  constructor(private readonly options: NodeLeaseOptions) {}

  /** Renews until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.options;
    while (!signal.aborted) {
      const startedAt = clock.now();
      try {
        await this.#renew();
        this.#backoff.reset('renew');
        await this.#untilNextTurn(startedAt, signal);
      } catch (error) {
        this.#lease = undefined;
        if (!isConflict(error)) logger.debug('the node lease was not renewed', { error });
        await sleep(clock.real, this.#backoff.next('renew'), signal).catch(() => {});
      }
    }
  }

  async #untilNextTurn(startedAt: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    const left = Math.max(0, RENEW_MS - clock.elapsed(startedAt));
    await Promise.all([clock.sleep(left, signal), sleep(clock.real, LEAST_RENEW_MS, signal)]).catch(() => {});
  }

  async #renew(): Promise<void> {
    const { leases, nodeName } = this.options;
    const known = this.#lease ?? (await this.#find());
    if (known === undefined) {
      this.#lease = await leases.create(this.#fresh(nodeName), { namespace: LEASE_NAMESPACE });
      return;
    }
    this.#lease = await leases.update(this.#renewed(known));
  }

  async #find(): Promise<Lease | undefined> {
    try {
      return await this.options.leases.get(this.options.nodeName, LEASE_NAMESPACE);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #fresh(name: string): Lease {
    return this.#renewed({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: LEASE_NAMESPACE },
      spec: { holderIdentity: name, leaseDurationSeconds: DURATION_SECONDS },
    });
  }

  #renewed(lease: Lease): Lease {
    const { nodeName, clock } = this.options;
    const renewTime = formatMicroTime(clock.now());
    const spec = { ...lease.spec, holderIdentity: nodeName, leaseDurationSeconds: DURATION_SECONDS, renewTime };
    const node = this.options.node();
    const uid = node?.metadata.uid;
    const owned = lease.metadata.ownerReferences?.some((owner) => owner.uid === uid);
    if (uid === undefined || owned) return { ...lease, spec };
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }];
    return { ...lease, metadata: { ...lease.metadata, ownerReferences }, spec };
  }
}
