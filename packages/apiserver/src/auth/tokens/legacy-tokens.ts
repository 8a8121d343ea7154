/**
 * Tokens from Secrets of service accounts (upstream: pkg/serviceaccount/legacy.go). They have no end: each counts as long
 * as its Secret holds it and its account is the one that it names.
 *
 * Owns nothing; notes on a Secret, once a day, when its token was last used.
 */
import { isConflict, isNotFound, type Secret } from '@regatta/api';
import type { ServerContext } from '../../server/context.ts';
import { storageKey } from '../../storage/object-storage.ts';
import { SECRETS, SERVICE_ACCOUNTS } from '../resource-refs.ts';
import { GROUPS, serviceAccountGroups, serviceAccountUser } from '../well-known.ts';
import type { TokenVerdict } from './service-account-tokens.ts';

export const LEGACY_ISSUER = 'kubernetes/serviceaccount';
export const LAST_USED = 'kubernetes.io/legacy-token-last-used';
export const INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since';
const CLAIM = 'kubernetes.io/serviceaccount';

interface Named {
  readonly namespace: string;
  readonly secret: string;
  readonly account: string;
  readonly uid: string;
}

export class LegacyTokens {
  constructor(private readonly server: Pick<ServerContext, 'get' | 'clock' | 'storage' | 'logger'>) {}

  /** @param claims of a token that our key signed */
  verify(token: string, claims: Readonly<Record<string, unknown>>, audiences: readonly string[]): TokenVerdict {
    const named = namedIn(claims);
    if ('error' in named) return named;
    const error = this.#secretError(token, named) ?? this.#accountError(named);
    if (error !== undefined) return { error };
    this.#used(named);
    const { namespace, account: name, uid } = named;
    return {
      user: {
        name: serviceAccountUser({ namespace, name }),
        uid,
        groups: [...serviceAccountGroups(namespace), GROUPS.authenticated],
      },
      audiences,
    };
  }

  #secretError(token: string, { namespace, secret: name, account }: Named): string | undefined {
    const secret = this.server.get(SECRETS, namespace, name);
    if (!secret || secret.metadata.deletionTimestamp) return 'Token has been invalidated';
    if (Buffer.from(secret.data?.['token'] ?? '', 'base64').toString() !== token) {
      return "Token does not match server's copy";
    }
    if (secret.metadata.labels?.[INVALID_SINCE] === undefined) return undefined;
    return (
      `the token in secret ${namespace}/${name} for service account ${namespace}/${account} has been marked invalid. ` +
      `Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${INVALID_SINCE}' ` +
      'label from the secret to temporarily allow use of this token'
    );
  }

  #accountError({ namespace, account, uid }: Named): string | undefined {
    const found = this.server.get(SERVICE_ACCOUNTS, namespace, account);
    if (!found) return `serviceaccounts ${JSON.stringify(account)} not found`;
    if (found.metadata.deletionTimestamp) return `ServiceAccount ${namespace}/${account} has been deleted`;
    if (found.metadata.uid === uid) return undefined;
    return `ServiceAccount UID (${found.metadata.uid ?? ''}) does not match claim (${uid})`;
  }

  #used({ namespace, secret: name }: Named): void {
    const today = new Date(this.server.clock.now()).toISOString().slice(0, 10);
    if (this.server.get(SECRETS, namespace, name)?.metadata.labels?.[LAST_USED] === today) return;
    const key = storageKey('', SECRETS.resource, namespace, name);
    const noted = this.server.storage.update<Secret>(key, (current) => {
      if (!current || current.object.metadata.labels?.[LAST_USED] === today) return 'unchanged';
      const { metadata } = current.object;
      return { ...current.object, metadata: { ...metadata, labels: { ...metadata.labels, [LAST_USED]: today } } };
    });
    // The token counts whether or not its use could be noted.
    noted.catch((error: unknown) => {
      if (isConflict(error) || isNotFound(error)) return;
      this.server.logger.warn('the use of a token was not noted', { namespace, name, error });
    });
  }
}

function namedIn(claims: Readonly<Record<string, unknown>>): Named | { readonly error: string } {
  const text = (name: string): string => String(claims[`${CLAIM}/${name}`] ?? '');
  const [namespace, secret] = [text('namespace'), text('secret.name')];
  const [account, uid] = [text('service-account.name'), text('service-account.uid')];
  const missing = [
    [namespace, 'namespace'],
    [secret, 'secretName'],
    [account, 'serviceAccountName'],
    [uid, 'serviceAccountUID'],
  ].find(([value]) => value === '');
  if (missing) return { error: `${missing[1]} claim is missing` };
  if (claims['sub'] !== serviceAccountUser({ namespace, name: account })) return { error: 'sub claim is invalid' };
  return { namespace, secret, account, uid };
}
