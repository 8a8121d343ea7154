/**
 * Fills Secrets of the type `kubernetes.io/service-account-token` for the accounts that they name, and deletes those whose
 * account is gone or another one (pkg/controller/serviceaccount/tokens_controller.go). Keys are Secrets.
 *
 * The controller acts as the manager itself, as upstream's does: it is there before the accounts that others act as.
 */
import { isConflict, isNotFound, type Secret, type ServiceAccount } from '@regatta/api';
import { type Informer, type ResourceClient, resources } from '@regatta/client';
import type { ControllerContext } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { legacyToken } from './legacy-token.ts';

const TYPE = 'kubernetes.io/service-account-token';
const NAME = 'kubernetes.io/service-account.name';
const UID = 'kubernetes.io/service-account.uid';

/** PEM, and what Pods verify the apiserver with. */
export interface TokenSources {
  readonly readKey: () => Promise<string>;
  readonly readRootCa: () => Promise<string>;
}

export class TokenController extends KeyedController {
  readonly #secrets: Informer<Secret>;
  readonly #accounts: Informer<ServiceAccount>;
  readonly #client: ResourceClient<Secret>;
  readonly #accountClient: ResourceClient<ServiceAccount>;

  /** @param sources asked for each Secret, so that the key is not kept */
  constructor(
    context: ControllerContext,
    readonly sources: TokenSources,
  ) {
    super({ name: 'serviceaccount-token-controller', context, concurrency: 2 });
    this.#secrets = this.reads(context.informers.for(resources.secrets));
    this.#accounts = this.reads(context.informers.for(resources.serviceAccounts));
    this.#client = context.client.resource(resources.secrets);
    this.#accountClient = context.client.resource(resources.serviceAccounts);
    this.#secrets.addIndex('account', (secret) => (secret.type === TYPE ? [accountKey(secret)] : []));
    const enqueue = (secret: Secret): void => {
      if (secret.type === TYPE) this.queue.add(keyOf(secret));
    };
    this.#secrets.addHandler({ onAdd: enqueue, onUpdate: enqueue });
    const ofAccount = ({ metadata: { namespace, name } }: ServiceAccount): void => {
      for (const secret of this.#secrets.byIndex('account', `${namespace}/${name}`)) enqueue(secret);
    };
    this.#accounts.addHandler({ onAdd: ofAccount, onDelete: ofAccount });
  }

  protected async reconcile(key: string): Promise<void> {
    const [namespace = '', name = ''] = key.split('/');
    const secret = this.#secrets.get(namespace, name);
    if (!secret || secret.metadata.deletionTimestamp) return;
    const account = await this.#account(secret);
    try {
      if (account) await this.#fill(secret, account);
      else await this.#delete(secret);
    } catch (error) {
      // Somebody else was there: the informer tells what came of it.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  /** The account that the Secret names, asked for again when the cache knows none. */
  async #account({ metadata: { namespace = '', annotations = {} } }: Secret): Promise<ServiceAccount | undefined> {
    const name = annotations[NAME] ?? '';
    if (name === '') return undefined;
    const isMeant = (account: ServiceAccount | undefined): account is ServiceAccount =>
      account !== undefined && [undefined, '', account.metadata.uid].includes(annotations[UID]);
    const cached = this.#accounts.get(namespace, name);
    if (isMeant(cached)) return cached;
    try {
      const live = await this.#accountClient.get(name, namespace);
      return isMeant(live) ? live : undefined;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return undefined;
    }
  }

  async #fill(secret: Secret, { metadata: { name: account, uid = '' } }: ServiceAccount): Promise<void> {
    const { namespace = '', name, annotations } = secret.metadata;
    const [ca, data] = [encoded(await this.sources.readRootCa()), secret.data ?? {}];
    const isWhole = data['token'] && data['ca.crt'] === ca && data['namespace'] === encoded(namespace);
    if (isWhole && annotations?.[NAME] === account && annotations[UID] === uid) return;
    const token = data['token'] || (await this.#token({ namespace, account, uid, secret: name }));
    await this.#client.update({
      ...secret,
      metadata: { ...secret.metadata, annotations: { ...annotations, [NAME]: account, [UID]: uid } },
      data: { ...data, 'ca.crt': ca, namespace: encoded(namespace), token },
    });
  }

  async #token(subject: Parameters<typeof legacyToken>[1]): Promise<string> {
    return encoded(legacyToken(await this.sources.readKey(), subject));
  }

  async #delete({ metadata: { name, namespace = '', uid = '', resourceVersion = '' } }: Secret): Promise<void> {
    await this.#client.delete(name, { namespace, preconditions: { uid, resourceVersion } });
  }
}

function accountKey({ metadata: { namespace, annotations } }: Secret): string {
  return `${namespace}/${annotations?.[NAME] ?? ''}`;
}

function keyOf({ metadata: { namespace, name } }: Secret): string {
  return `${namespace}/${name}`;
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64');
}
