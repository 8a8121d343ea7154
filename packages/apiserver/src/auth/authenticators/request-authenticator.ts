/**
 * Who a request comes from (upstream: pkg/kubeapiserver/authenticator/config.go): the bus's proven user, else the client
 * certificate, else the bearer token, else nobody.
 *
 * Invariants: credentials that were given and are not valid are never taken for anonymous; whoever is authenticated is in
 * system:authenticated. Everything is decided from memory, synchronously.
 */
import { ANONYMOUS, type Authenticator, type Credentials, type UserInfo } from '../identity.ts';
import { API_AUDIENCES, type ServiceAccountTokens } from '../tokens/service-account-tokens.ts';
import { GROUPS, parseServiceAccountUser, serviceAccountGroups, withAuthenticated } from '../well-known.ts';

/** Knows opaque tokens. */
export interface TokenLookup {
  userOf(token: string): UserInfo | undefined;
}

export interface AuthenticatorOptions {
  readonly serviceAccountTokens: ServiceAccountTokens;
  /** Asked in turn for tokens that are no service account's. */
  readonly lookups: readonly TokenLookup[];
}

/** Users of the bus whose groups are remembered. */
const MAX_BUS_USERS = 16_384;
/** The identity that the apiserver itself has on the bus. */
const APISERVER_USER = 'system:apiserver';
const NODE_PREFIX = 'system:node:';

export class RequestAuthenticator implements Authenticator {
  readonly #busUsers = new Map<string, UserInfo>();

  constructor(private readonly options: AuthenticatorOptions) {}

  authenticate(credentials: Credentials): UserInfo | undefined {
    if (credentials.busUser !== undefined) return this.#busUser(credentials.busUser);
    if (credentials.certificate) {
      const { commonName, organizations } = credentials.certificate;
      if (commonName !== '') return { name: commonName, groups: withAuthenticated(organizations) };
    }
    if (credentials.authorization === undefined) return ANONYMOUS;
    const token = bearerToken(credentials.authorization);
    // Other schemes are not ours: upstream passes over them.
    return token === undefined ? ANONYMOUS : this.#tokenUser(token);
  }

  #tokenUser(token: string): UserInfo | undefined {
    const verdict = this.options.serviceAccountTokens.verify(token, API_AUDIENCES);
    if (verdict) return 'user' in verdict ? verdict.user : undefined;
    for (const lookup of this.options.lookups) {
      const user = lookup.userOf(token);
      if (user) return { ...user, groups: withAuthenticated(user.groups) };
    }
    return undefined;
  }

  #busUser(name: string): UserInfo {
    let user = this.#busUsers.get(name);
    if (!user) {
      if (this.#busUsers.size >= MAX_BUS_USERS) this.#busUsers.clear();
      user = { name, groups: busGroups(name) };
      this.#busUsers.set(name, user);
    }
    return user;
  }
}

function busGroups(name: string): readonly string[] {
  if (name === APISERVER_USER) return [GROUPS.privileged, GROUPS.authenticated];
  if (name.startsWith(NODE_PREFIX)) return [GROUPS.nodes, GROUPS.authenticated];
  const account = parseServiceAccountUser(name);
  return account ? [...serviceAccountGroups(account.namespace), GROUPS.authenticated] : [GROUPS.authenticated];
}

function bearerToken(authorization: string): string | undefined {
  const [scheme = '', token = ''] = authorization.trim().split(/ +/);
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined;
}
