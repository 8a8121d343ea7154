/**
 * Who a request comes from (upstream: pkg/kubeapiserver/authenticator/config.go): the bus's proven user, else whom a front
 * proxy speaks for, else the client certificate, else the bearer token, else nobody.
 *
 * Invariants: credentials that were given and are not valid are never taken for anonymous; whoever is authenticated is in
 * system:authenticated. Everything is decided from memory, synchronously.
 */
import { ANONYMOUS, type Authenticator, type Credentials, type UserInfo } from '../identity.ts';
import { API_AUDIENCES, type ServiceAccountTokens } from '../tokens/service-account-tokens.ts';
import {
  CREDENTIAL_ID,
  GROUPS,
  parseServiceAccountUser,
  serviceAccountGroups,
  withAuthenticated,
} from '../well-known.ts';
import { headerToken, protocolToken } from './bearer-token.ts';

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

  authenticate(credentials: Credentials, warn?: (message: string) => void): UserInfo | undefined {
    const { busUser, proxied, certificate, authorization, webSocketProtocols } = credentials;
    if (busUser !== undefined) return this.#busUser(busUser);
    if (proxied) return { ...proxied, groups: withAuthenticated(proxied.groups) };
    if (certificate && certificate.commonName !== '') return certificateUser(certificate);
    const given = [
      authorization === undefined ? undefined : headerToken(authorization, warn),
      webSocketProtocols === undefined ? undefined : protocolToken(webSocketProtocols),
    ].filter((found) => found !== undefined);
    for (const found of given) {
      const user = found === 'malformed' ? undefined : this.#tokenUser(found.token);
      if (user) return user;
    }
    return given.length > 0 ? undefined : ANONYMOUS;
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

/** Upstream: k8s.io/apiserver/pkg/authentication/request/x509/x509.go, CommonNameUserConversion. */
function certificateUser(certificate: NonNullable<Credentials['certificate']>): UserInfo {
  const { commonName, organizations, uid, fingerprint } = certificate;
  return {
    name: commonName,
    ...(uid === undefined ? {} : { uid }),
    groups: withAuthenticated(organizations),
    ...(fingerprint === undefined ? {} : { extra: { [CREDENTIAL_ID]: [`X509SHA256=${fingerprint}`] } }),
  };
}
