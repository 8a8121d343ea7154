/**
 * Issues service account tokens: `create` of serviceaccounts/token
 * (upstream: pkg/registry/core/serviceaccount/storage/token.go, pkg/apis/authentication/validation).
 */
import {
  type BoundObjectReference,
  FieldPath,
  fieldErrors,
  type Pod,
  parseApiVersion,
  type ServiceAccount,
  statusErrors,
  type TokenRequest,
} from '@regatta/api';
import type { ServerContext } from '../../server/context.ts';
import { NODES, PODS, SECRETS, SERVICE_ACCOUNTS } from '../resource-refs.ts';
import { serviceAccountUser } from '../well-known.ts';
import type { TokenKey } from './json-web-token.ts';
import type { ObjectClaim, ServiceAccountClaims } from './service-account-claims.ts';
import { API_AUDIENCES, ISSUER } from './service-account-tokens.ts';

const DEFAULT_EXPIRATION_SECONDS = 3600;
const MIN_EXPIRATION_SECONDS = 600;
const MAX_EXPIRATION_SECONDS = 2 ** 32;
/** What the ServiceAccount admission plugin asks for: such tokens live a year, so that clients that never reread them go on. */
const WARN_ONLY_EXPIRATION_SECONDS = 3607;
const EXTENDED_EXPIRATION_SECONDS = 365 * 24 * 3600;

type Bound = Pick<ServiceAccountClaims['kubernetes.io'], 'pod' | 'secret' | 'node'>;

export class TokenIssuer {
  constructor(
    private readonly server: Pick<ServerContext, 'get' | 'clock' | 'random'>,
    private readonly key: TokenKey,
  ) {}

  /**
   * @param request already decoded; not changed
   * @returns the request with its defaults and its status
   * @throws StatusError 404 (account, bound object), 400, 409 (uid of the bound object), 422
   */
  create(namespace: string, name: string, request: TokenRequest): TokenRequest {
    const spec = {
      ...request.spec,
      audiences: request.spec.audiences?.length ? request.spec.audiences : [...API_AUDIENCES],
      expirationSeconds: request.spec.expirationSeconds ?? DEFAULT_EXPIRATION_SECONDS,
    };
    validate(spec.expirationSeconds);
    const account = this.server.get(SERVICE_ACCOUNTS, namespace, name);
    if (!account) throw statusErrors.notFound(SERVICE_ACCOUNTS, name);
    const bound = spec.boundObjectRef ? this.#bound(namespace, name, spec.boundObjectRef) : {};
    const now = Math.floor(this.server.clock.now() / 1000);
    const claims = this.#claims(account, spec.audiences, spec.expirationSeconds, bound, now);
    return {
      ...request,
      metadata: {
        ...request.metadata,
        name,
        namespace,
        creationTimestamp: timestamp(now),
      },
      spec,
      status: { token: this.key.sign(claims), expirationTimestamp: timestamp(now + spec.expirationSeconds) },
    };
  }

  #claims(
    account: ServiceAccount,
    audiences: readonly string[],
    seconds: number,
    bound: Bound,
    now: number,
  ): ServiceAccountClaims {
    const { name, namespace = '', uid = '' } = account.metadata;
    const isExtended =
      seconds === WARN_ONLY_EXPIRATION_SECONDS &&
      bound.pod !== undefined &&
      audiences.every((audience) => API_AUDIENCES.includes(audience));
    return {
      aud: audiences,
      exp: now + (isExtended ? EXTENDED_EXPIRATION_SECONDS : seconds),
      iat: now,
      iss: ISSUER,
      jti: this.server.random.uuid(),
      'kubernetes.io': {
        namespace,
        ...bound,
        serviceaccount: { name, uid },
        ...(isExtended ? { warnafter: now + seconds } : {}),
      },
      nbf: now,
      sub: serviceAccountUser({ namespace, name }),
    };
  }

  #bound(namespace: string, account: string, ref: BoundObjectReference): Bound {
    const { group = '', version = '' } = parseApiVersion(ref.apiVersion ?? '') ?? {};
    const name = ref.name ?? '';
    if (group === '' && ref.kind === 'Pod') return this.#boundPod(namespace, account, ref, name);
    if (group === '' && ref.kind === 'Secret') {
      const found = this.server.get(SECRETS, namespace, name);
      if (!found) throw statusErrors.notFound(SECRETS, name);
      return { secret: checked(ref, found.metadata.uid) };
    }
    if (group === '' && ref.kind === 'Node') {
      const found = this.server.get(NODES, '', name);
      if (!found) throw statusErrors.notFound(NODES, name);
      return { node: checked(ref, found.metadata.uid) };
    }
    throw statusErrors.badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${ref.kind ?? ''}`);
  }

  #boundPod(namespace: string, account: string, ref: BoundObjectReference, name: string): Bound {
    const pod = this.server.get(PODS, namespace, name);
    if (!pod) throw statusErrors.notFound(PODS, name);
    const { serviceAccountName = '' } = pod.spec;
    if (serviceAccountName !== account) {
      throw statusErrors.badRequest(
        `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
      );
    }
    return { ...this.#nodeOf(pod), pod: checked(ref, pod.metadata.uid) };
  }

  #nodeOf(pod: Pod): Bound {
    const { nodeName } = pod.spec;
    if (!nodeName) return {};
    const node = this.server.get(NODES, '', nodeName);
    return { node: { name: nodeName, uid: node?.metadata.uid ?? '' } };
  }
}

function validate(seconds: number): void {
  const path = FieldPath.root('spec').child('expirationSeconds');
  const detail =
    seconds < MIN_EXPIRATION_SECONDS
      ? 'may not specify a duration less than 10 minutes'
      : seconds > MAX_EXPIRATION_SECONDS
        ? 'may not specify a duration larger than 2^32 seconds'
        : undefined;
  if (detail === undefined) return;
  throw statusErrors.invalid('authentication.k8s.io', 'TokenRequest', '', [fieldErrors.invalid(path, seconds, detail)]);
}

function checked(ref: BoundObjectReference, uid = ''): ObjectClaim {
  if (ref.uid && ref.uid !== uid) {
    throw statusErrors.conflict(
      { group: '', resource: ref.kind ?? '' },
      ref.name ?? '',
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  return { name: ref.name ?? '', uid };
}

function timestamp(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
