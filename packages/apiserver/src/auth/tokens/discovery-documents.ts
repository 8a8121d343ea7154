/**
 * What others need to check our tokens: the OpenID discovery document and the key set
 * (upstream: pkg/serviceaccount/openidmetadata.go).
 */
import type { TokenKey } from './json-web-token.ts';
import { ISSUER } from './service-account-tokens.ts';

export const OPENID_CONFIGURATION_PATH = '/.well-known/openid-configuration';
export const JWKS_PATH = '/openid/v1/jwks';
export const JWKS_MEDIA_TYPE = 'application/jwk-set+json';

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
