export { type Auth, type AuthOptions, createAuth } from './auth.ts';
export { isTokenProtocol } from './authenticators/bearer-token.ts';
export { ensureBootstrapPolicy } from './bootstrap-policy/reconcile.ts';
export {
  ANONYMOUS,
  type Authenticator,
  type Authorizer,
  type Credentials,
  type Decision,
  type RequestAttributes,
  type UserInfo,
} from './identity.ts';
export {
  localSubjectAccessReview,
  selfSubjectAccessReview,
  subjectAccessReview,
} from './reviews/access-review.ts';
export { selfSubjectReview, tokenReview } from './reviews/identity-review.ts';
export { selfSubjectRulesReview } from './reviews/rules-review.ts';
export {
  JWKS_MEDIA_TYPE,
  JWKS_PATH,
  jsonWebKeySet,
  keySetServer,
  OPENID_CONFIGURATION_PATH,
  openIdConfiguration,
} from './tokens/discovery-documents.ts';
export { GROUPS, nodeNameOf, parseServiceAccountUser, serviceAccountUser } from './well-known.ts';
