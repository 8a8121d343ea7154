/**
 * Publishes the cluster's CA in every active namespace, for Pods to verify the apiserver with
 * (pkg/controller/certificates/rootcacertpublisher/publisher.go). Keys are namespaces.
 */
import { type ConfigMap, isAlreadyExists, isNotFound, type Namespace } from '@regatta/api';
import { type Informer, type ResourceClient, resources } from '@regatta/client';
import { type ControllerContext, clientFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { isNamespaceTerminating } from '../serviceaccount/service-account-controller.ts';

export const ROOT_CA_NAME = 'kube-root-ca.crt';
const DESCRIPTION_KEY = 'kubernetes.io/description';
const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

export class RootCaPublisher extends KeyedController {
  readonly #namespaces: Informer<Namespace>;
  readonly #configMaps: Informer<ConfigMap>;
  readonly #client: ResourceClient<ConfigMap>;
  #data: Readonly<Record<string, string>> = {};

  /** @param readRootCa gives the CA's certificate, PEM; asked once, when the API is there */
  constructor(
    context: ControllerContext,
    readonly readRootCa: () => Promise<string>,
  ) {
    super({ name: 'root-ca-certificate-publisher-controller', context, concurrency: 4 });
    this.#namespaces = this.reads(context.informers.for(resources.namespaces));
    this.#configMaps = this.reads(context.informers.for(resources.configMaps));
    this.#client = clientFor(context, 'root-ca-cert-publisher').resource(resources.configMaps);
    const enqueue = ({ metadata }: Namespace): void => this.queue.add(metadata.name);
    this.#namespaces.addHandler({ onAdd: enqueue, onUpdate: enqueue });
    const onChange = ({ metadata }: ConfigMap): void => {
      if (metadata.name === ROOT_CA_NAME) this.queue.add(metadata.namespace ?? '');
    };
    this.#configMaps.addHandler({ onUpdate: onChange, onDelete: onChange });
  }

  override async run(signal: AbortSignal): Promise<void> {
    this.#data = { 'ca.crt': await this.readRootCa() };
    await super.run(signal);
  }

  protected async reconcile(namespace: string): Promise<void> {
    if (this.#namespaces.get('', namespace)?.status?.phase !== 'Active') return;
    const current = this.#configMaps.get(namespace, ROOT_CA_NAME);
    if (!current) return this.#create(namespace);
    const { metadata } = current;
    const same = isSameData(current.data, this.#data) && metadata.annotations?.[DESCRIPTION_KEY];
    if (same) return;
    const annotations = { ...metadata.annotations, [DESCRIPTION_KEY]: DESCRIPTION };
    await this.#client.update({ ...current, metadata: { ...metadata, annotations }, data: { ...this.#data } });
  }

  async #create(namespace: string): Promise<void> {
    const metadata = { name: ROOT_CA_NAME, namespace, annotations: { [DESCRIPTION_KEY]: DESCRIPTION } };
    try {
      await this.#client.create({ metadata, data: { ...this.#data } });
    } catch (error) {
      if (!isAlreadyExists(error) && !isNotFound(error) && !isNamespaceTerminating(error)) throw error;
    }
  }
}

function isSameData(a: Readonly<Record<string, string>> = {}, b: Readonly<Record<string, string>> = {}): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
