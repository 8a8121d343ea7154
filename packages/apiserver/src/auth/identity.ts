/**
 * Who asks, and what for (upstream: staging/src/k8s.io/apiserver/pkg/authentication/user and authorization/authorizer).
 */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** What a request wants, read from its method and URL before anything else. */
export interface RequestAttributes {
  readonly user: UserInfo;
  /** get list watch create update patch delete deletecollection, or the lower-case HTTP method of a non-resource path. */
  readonly verb: string;
  readonly isResource: boolean;
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Raw selectors of list, watch and deletecollection, for authorizers that look at them. */
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

/** A request for a path that is no resource's. */
export function nonResourceRequest(user: UserInfo, verb: string, path: string): RequestAttributes {
  return {
    user,
    verb,
    isResource: false,
    path,
    group: '',
    version: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
  };
}

export interface Decision {
  readonly verdict: 'allow' | 'deny' | 'no-opinion';
  readonly reason: string;
}

export interface Authorizer {
  /** Synchronous: every authorizer decides from state in memory. */
  authorize(attributes: RequestAttributes): Decision;
}

/** What the transport knows of the caller. */
export interface Credentials {
  /** `Authorization` header, when there is one. */
  readonly authorization?: string;
  /** Subject of the verified client certificate: common name, organisations and uid; SHA-256 of it all, hexadecimal. */
  readonly certificate?: {
    readonly commonName: string;
    readonly organizations: readonly string[];
    readonly uid?: string;
    readonly fingerprint?: string;
  };
  /** Whom a front proxy speaks for, by its headers. */
  readonly proxied?: UserInfo;
  /** `Sec-WebSocket-Protocol` header of a request for a WebSocket. */
  readonly webSocketProtocols?: string;
  /** User name that the bus proved. */
  readonly busUser?: string;
}

export interface Authenticator {
  /**
   * The user; undefined when credentials were given and are not valid (401); ANONYMOUS when none were given.
   * @param warn told of credentials that are passed over
   */
  authenticate(
    credentials: Credentials,
    warn?: (message: string) => void,
  ): UserInfo | undefined | Promise<UserInfo | undefined>;
}
