/**
 * What others need to check our tokens: the OpenID discovery document and the key set
 * (upstream: pkg/serviceaccount/openidmetadata.go).
 */
import type { TokenKey } from './json-web-token.ts';
import { ISSUER } from './service-account-tokens.ts';

export const OPENID_CONFIGURATION_PATH = '/.well-known/openid-configuration';
export const JWKS_PATH = '/openid/v1/jwks';
export const JWKS_MEDIA_TYPE = 'application/jwk-set+json';

/** What Pods call this server; no address of it serves both them and the host. */
const IN_CLUSTER = /^(kubernetes(\.default(\.svc(\.cluster\.local)?)?)?|10\.96\.0\.1)(:443)?$/;

/** Where who asked this host finds the key set. @param advertised `https://host:port` */
export function keySetServer(host: string, advertised: string): string {
  return IN_CLUSTER.test(host) ? `https://${host}` : advertised;
}

/** @param externalUrl where the key set is served: `https://host:port` */
export function openIdConfiguration(externalUrl: string): Record<string, unknown> {
  return {
    issuer: ISSUER,
    jwks_uri: `${externalUrl}${JWKS_PATH}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  };
}

export function jsonWebKeySet(key: TokenKey): Record<string, unknown> {
  return { keys: [key.publicJwk()] };
}
