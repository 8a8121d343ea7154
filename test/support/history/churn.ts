/**
 * Work for the cluster's own components while parts of it die: a Deployment that is scaled and whose Pods are deleted, and what must
 * be true once everything is back (HIST-40).
 */
import { isNotFound, StatusError } from '@regatta/api';
import { type ApiClient, isUnanswered, resources } from '@regatta/client';
import type { Random } from '@regatta/runtime';

const NAME = 'web';
const LABELS = { app: NAME };
/** What is left at the end. */
export const REPLICAS = 4;
const PAUSE = { least: 300, more: 900 };

export class Churn {
  constructor(
    readonly api: ApiClient,
    readonly namespace: string,
    readonly random: Random,
  ) {}

  async begin(): Promise<void> {
    await this.api.resource(resources.deployments).create({
      metadata: { name: NAME, namespace: this.namespace },
      spec: {
        replicas: REPLICAS,
        selector: { matchLabels: LABELS },
        template: { metadata: { name: NAME, labels: LABELS }, spec: { containers: [{ name: 'web', image: 'pause' }] } },
      },
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await tolerant(() => (this.random.next() < 0.6 ? this.#scale(2 + this.random.next() * 5) : this.#deleteSome()));
      await new Promise((resolve) => setTimeout(resolve, PAUSE.least + this.random.next() * PAUSE.more));
    }
  }

  /** Asks for the number of Pods that must be there in the end. True when that was answered. */
  async end(): Promise<boolean> {
    return tolerant(() => this.#scale(REPLICAS));
  }

  /** What is not as it must be; empty once the cluster has settled. */
  async unsettled(): Promise<string[]> {
    const { namespace } = this;
    const [nodes, sets, pods] = await Promise.all([
      this.api.resource(resources.nodes).list(),
      this.api.resource(resources.replicaSets).list({ namespace }),
      this.api.resource(resources.pods).list({ namespace }),
    ]);
    const ready = (conditions: readonly { type: string; status: string }[] | undefined): boolean =>
      conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
    const owners = new Set(sets.items.map(({ metadata }) => metadata.uid));
    const wrong: string[] = [];
    for (const { metadata, status } of nodes.items)
      if (!ready(status?.conditions)) wrong.push(`${metadata.name} is not Ready`);
    if (sets.items.length !== 1) wrong.push(`there are ${sets.items.length} ReplicaSets`);
    if (pods.items.length !== REPLICAS) wrong.push(`there are ${pods.items.length} Pods`);
    for (const { metadata, status } of pods.items) {
      if (!ready(status?.conditions)) {
        const { deletionTimestamp: deleted = 'never', deletionGracePeriodSeconds: grace = 'none' } = metadata;
        const { phase, reason = 'no reason' } = status ?? {};
        wrong.push(`${metadata.name} is ${phase} (${reason}; deleted ${deleted}, grace ${grace}) and not Ready`);
      }
      if (!metadata.ownerReferences?.some(({ uid }) => owners.has(uid))) wrong.push(`${metadata.name} has no owner`);
    }
    return wrong;
  }

  async #scale(replicas: number): Promise<void> {
    const body = { spec: { replicas: Math.floor(replicas) } };
    await this.api.resource(resources.deployments).patch(NAME, { namespace: this.namespace, type: 'merge', body });
  }

  async #deleteSome(): Promise<void> {
    const { namespace } = this;
    const { items } = await this.api.resource(resources.pods).list({ namespace });
    const victim = items[Math.floor(this.random.next() * items.length)];
    if (victim) await this.api.resource(resources.pods).delete(victim.metadata.name, { namespace });
  }
}

/** True when it was done; false when nobody answered or what it is about has gone. @throws what no crash explains */
async function tolerant(act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (isNotFound(error) || isUnanswered(error) || (error instanceof StatusError && error.code >= 500)) return false;
    throw error;
  }
}
