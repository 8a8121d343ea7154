/**
 * Says that ServiceCIDRs are ready, and keeps those whose addresses Services have
 * (pkg/controller/servicecidrs/servicecidrs_controller.go). Keys are ServiceCIDRs.
 */
import { type Condition, type IPAddress, isNotFound, type ServiceCIDR } from '@regatta/api';
import { formatTime, type Informer, type ResourceClient, resources } from '@regatta/client';
import { type ControllerContext, clientFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { contains } from './networks.ts';

const FINALIZER = 'networking.k8s.io/service-cidr-finalizer';
const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by';
const ALLOCATOR = 'ipallocator.k8s.io';
/** Until every allocator knows that the network goes, one of them may still give an address out. */
const DELETION_GRACE_MS = 10_000;

type Told = Pick<Condition, 'status' | 'reason' | 'message'>;

const READY: Told = { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' };
const IN_USE: Told = {
  status: 'False',
  reason: 'Terminating',
  message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
};

export class ServiceCidrController extends KeyedController {
  readonly #networks: Informer<ServiceCIDR>;
  readonly #addresses: Informer<IPAddress>;
  readonly #client: ResourceClient<ServiceCIDR>;

  constructor(context: ControllerContext) {
    super({ name: 'service-cidr-controller', context, concurrency: 1 });
    this.#client = clientFor(context, 'service-cidrs-controller').resource(resources.serviceCidrs);
    this.#networks = this.reads(context.informers.for(resources.serviceCidrs));
    this.#addresses = this.reads(context.informers.for(resources.ipAddresses));
    // One that comes may free another to go.
    const onChange = ({ metadata }: ServiceCIDR): void => {
      this.queue.add(metadata.name);
      this.#enqueueGoing();
    };
    this.#networks.addHandler({ onAdd: onChange, onUpdate: onChange });
    this.#addresses.addHandler({ onDelete: () => this.#enqueueGoing() });
  }

  protected async reconcile(name: string): Promise<void> {
    const network = this.#networks.get('', name);
    if (!network) return;
    try {
      await (network.metadata.deletionTimestamp === undefined ? this.#keep(network) : this.#letGo(network));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #keep(network: ServiceCIDR): Promise<void> {
    const { finalizers = [] } = network.metadata;
    const isGuarded = finalizers.includes(FINALIZER);
    const guarded = isGuarded ? network : await this.#setFinalizers(network, [...finalizers, FINALIZER]);
    await this.#tell(guarded, READY);
  }

  async #letGo(network: ServiceCIDR): Promise<void> {
    const { name, deletionTimestamp = '', finalizers = [] } = network.metadata;
    if (!finalizers.includes(FINALIZER)) return;
    if (this.#isNeeded(network)) return this.#tell(network, IN_USE);
    const left = DELETION_GRACE_MS - this.context.clusterClock.elapsed(Date.parse(deletionTimestamp));
    if (left > 0) return this.queue.addAfter(name, left);
    await this.#setFinalizers(
      network,
      finalizers.filter((finalizer) => finalizer !== FINALIZER),
    );
  }

  /** Whether an address that was given out lies in this ServiceCIDR alone. */
  #isNeeded(network: ServiceCIDR): boolean {
    const others = this.#networks.list().filter(({ metadata }) => metadata.name !== network.metadata.name);
    const elsewhere = others.flatMap(cidrsOf);
    const isIn = (networks: readonly string[], what: string): boolean => networks.some((cidr) => contains(cidr, what));
    const own = cidrsOf(network).filter((cidr) => !isIn(elsewhere, cidr));
    return this.#addresses.list().some(({ metadata: { name, labels } }) => {
      return labels?.[MANAGED_BY] === ALLOCATOR && isIn(own, name) && !isIn(elsewhere, name);
    });
  }

  #setFinalizers(network: ServiceCIDR, finalizers: string[]): Promise<ServiceCIDR> {
    return this.#client.update({ ...network, metadata: { ...network.metadata, finalizers } });
  }

  async #tell(network: ServiceCIDR, told: Told): Promise<void> {
    const { conditions = [] } = network.status ?? {};
    const old = conditions.find(({ type }) => type === 'Ready');
    if (old?.status === told.status && old.reason === told.reason) return;
    const lastTransitionTime = formatTime(this.context.clock.now());
    const ready = { type: 'Ready', ...told, lastTransitionTime };
    const others = conditions.filter(({ type }) => type !== 'Ready');
    await this.#client.updateStatus({ ...network, status: { ...network.status, conditions: [...others, ready] } });
  }

  #enqueueGoing(): void {
    for (const { metadata } of this.#networks.list()) {
      if (metadata.deletionTimestamp !== undefined) this.queue.add(metadata.name);
    }
  }
}

function cidrsOf({ spec }: ServiceCIDR): readonly string[] {
  return spec.cidrs ?? [];
}
