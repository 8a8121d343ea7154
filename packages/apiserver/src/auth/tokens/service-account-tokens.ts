/**
 * Verifies service account tokens: signature once per token, everything that can change on every use.
 *
 * Owns: a bounded cache of tokens whose signature was good. Invariant: expiry and the objects a token is bound to are
 * checked on every use, so that a deleted Pod's token stops working at once (no grace beyond upstream's leeway).
 */
import type { KubeObject, ResourceRef } from '@regatta/api';
import type { ServerContext } from '../../server/context.ts';
import type { UserInfo } from '../identity.ts';
import { NODES, PODS, SECRETS, SERVICE_ACCOUNTS } from '../resource-refs.ts';
import { CREDENTIAL_ID, GROUPS, serviceAccountGroups, serviceAccountUser } from '../well-known.ts';
import { type TokenKey, unverifiedClaims } from './json-web-token.ts';
import { LEGACY_ISSUER, LegacyTokens } from './legacy-tokens.ts';
import { type ObjectClaim, readClaims, type ServiceAccountClaims } from './service-account-claims.ts';

export const ISSUER = 'https://kubernetes.default.svc.cluster.local';
/** The audience of tokens that are meant for this API. */
export const API_AUDIENCES: readonly string[] = [ISSUER];
/** Clocks may differ by this much (upstream: go-jose jwt.DefaultLeeway). */
const LEEWAY_MS = 60_000;
export const MAX_VERIFIED_TOKENS = 4096;

/** What a token from a Secret says. */
interface LegacyClaims {
  readonly legacy: Readonly<Record<string, unknown>>;
}

export type TokenVerdict =
  | { readonly user: UserInfo; readonly audiences: readonly string[] }
  /** It is one of ours and not valid, and why. */
  | { readonly error: string }
  /** Not a token of this issuer. */
  | undefined;

export class ServiceAccountTokens {
  readonly #verified = new Map<string, ServiceAccountClaims | LegacyClaims>();
  readonly #legacy: LegacyTokens;

  constructor(
    private readonly server: Pick<ServerContext, 'get' | 'clock' | 'storage' | 'logger'>,
    readonly key: TokenKey,
    private readonly maxVerified = MAX_VERIFIED_TOKENS,
  ) {
    this.#legacy = new LegacyTokens(server);
  }

  /** How many tokens need no new look at their signature. */
  get remembered(): number {
    return this.#verified.size;
  }

  /** @param audiences who the token is shown to: it must be meant for one of them */
  verify(token: string, audiences: readonly string[]): TokenVerdict {
    const claims = this.#claims(token);
    if (claims === undefined || 'error' in claims) return claims;
    if ('legacy' in claims) return this.#verifyLegacy(token, claims, audiences);
    const matching = audiences.filter((audience) => claims.aud.includes(audience));
    if (matching.length === 0) {
      return {
        error: `token audiences [${quoted(claims.aud)}] is invalid for the target audiences [${quoted(audiences)}]`,
      };
    }
    const error = this.#timeError(claims) ?? this.#bindingError(claims);
    if (error !== undefined) return { error };
    return { user: userOf(claims), audiences: matching };
  }

  /** It is meant for the API, and nobody else. */
  #verifyLegacy(token: string, { legacy }: LegacyClaims, audiences: readonly string[]): TokenVerdict {
    const matching = audiences.filter((audience) => API_AUDIENCES.includes(audience));
    if (matching.length === 0) {
      return {
        error: `token audiences [${quoted(API_AUDIENCES)}] is invalid for the target audiences [${quoted(audiences)}]`,
      };
    }
    return this.#legacy.verify(token, legacy, matching);
  }

  #claims(token: string): ServiceAccountClaims | LegacyClaims | { readonly error: string } | undefined {
    const known = this.#verified.get(token);
    if (known) return known;
    const said = unverifiedClaims(token);
    const isLegacy = said?.['iss'] === LEGACY_ISSUER;
    if (said === undefined || (said['iss'] !== ISSUER && !isLegacy)) return undefined;
    if (!this.key.verifies(token)) return { error: 'invalid signature' };
    const claims = isLegacy ? { legacy: said } : readClaims(said);
    if (!claims) return { error: 'service account token claims could not be validated' };
    if (this.#verified.size >= this.maxVerified) {
      const [oldest] = this.#verified.keys();
      if (oldest !== undefined) this.#verified.delete(oldest);
    }
    this.#verified.set(token, claims);
    return claims;
  }

  #timeError({ exp, nbf, iat }: ServiceAccountClaims): string | undefined {
    const now = this.server.clock.now();
    if (now > exp * 1000 + LEEWAY_MS) return 'service account token has expired';
    if (now < Math.max(nbf, iat) * 1000 - LEEWAY_MS) return 'service account token is not valid yet';
    return undefined;
  }

  #bindingError(claims: ServiceAccountClaims): string | undefined {
    const own = claims['kubernetes.io'];
    const { namespace, serviceaccount: account } = own;
    const found = this.server.get(SERVICE_ACCOUNTS, namespace, account.name);
    if (!found) return `serviceaccounts ${JSON.stringify(account.name)} not found`;
    if (this.#isGone(found)) return `service account ${namespace}/${account.name} has been deleted`;
    if (found.metadata.uid !== account.uid) {
      return `service account UID (${found.metadata.uid ?? ''}) does not match claim (${account.uid})`;
    }
    return (
      this.#objectError(SECRETS, namespace, own.secret, 'secret', 'service account secret ref') ??
      this.#objectError(PODS, namespace, own.pod, 'pod', 'service account pod ref') ??
      // A Pod's token also names the Pod's node, for information only.
      (own.pod ? undefined : this.#objectError(NODES, '', own.node, 'node', 'service account node ref'))
    );
  }

  #objectError(
    ref: ResourceRef<KubeObject>,
    namespace: string,
    claim: ObjectClaim | undefined,
    kind: string,
    what: string,
  ): string | undefined {
    if (!claim) return undefined;
    const found = this.server.get(ref, namespace, claim.name);
    if (!found || this.#isGone(found)) return 'service account token has been invalidated';
    const { uid = '' } = found.metadata;
    return uid === claim.uid ? undefined : `${kind} UID (${uid}) does not match ${what} claim (${claim.uid})`;
  }

  #isGone(object: KubeObject): boolean {
    const { deletionTimestamp } = object.metadata;
    return deletionTimestamp !== undefined && Date.parse(deletionTimestamp) < this.server.clock.now() - LEEWAY_MS;
  }
}

function userOf({ jti, 'kubernetes.io': own }: ServiceAccountClaims): UserInfo {
  const account = { namespace: own.namespace, name: own.serviceaccount.name };
  const extra = {
    ...(jti === '' ? {} : { [CREDENTIAL_ID]: [`JTI=${jti}`] }),
    ...objectExtra('pod', own.pod),
    ...objectExtra('node', own.node),
  };
  return {
    name: serviceAccountUser(account),
    uid: own.serviceaccount.uid,
    groups: [...serviceAccountGroups(own.namespace), GROUPS.authenticated],
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

function objectExtra(kind: 'pod' | 'node', claim: ObjectClaim | undefined): Record<string, readonly string[]> {
  if (!claim) return {};
  return {
    [`authentication.kubernetes.io/${kind}-name`]: [claim.name],
    [`authentication.kubernetes.io/${kind}-uid`]: [claim.uid],
  };
}

function quoted(values: readonly string[]): string {
  return values.map((value) => JSON.stringify(value)).join(' ');
}
