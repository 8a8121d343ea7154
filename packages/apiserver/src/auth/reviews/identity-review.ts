/**
 * TokenReview and SelfSubjectReview: who somebody is (upstream: pkg/registry/authentication).
 */
import { type SelfSubjectReview, statusErrors, type TokenReview, type TokenReviewStatus } from '@regatta/api';
import type { TokenLookup } from '../authenticators/request-authenticator.ts';
import type { UserInfo } from '../identity.ts';
import { API_AUDIENCES, type ServiceAccountTokens } from '../tokens/service-account-tokens.ts';
import { withAuthenticated } from '../well-known.ts';

type UserInfoObject = NonNullable<TokenReviewStatus['user']>;

/** @param time of the request, RFC 3339 */
export function selfSubjectReview(user: UserInfo, review: SelfSubjectReview, time: string): SelfSubjectReview {
  return {
    ...review,
    metadata: { ...review.metadata, creationTimestamp: time },
    status: { userInfo: userObject(user) },
  };
}

export interface TokenReviewers {
  readonly serviceAccountTokens: ServiceAccountTokens;
  readonly lookups: readonly TokenLookup[];
}

/** @throws StatusError 400 without a token */
export function tokenReview(reviewers: TokenReviewers, review: TokenReview): TokenReview {
  const { token = '', audiences } = review.spec;
  if (token === '') throw statusErrors.badRequest('token is required for TokenReview in authentication');
  return { ...review, status: tokenStatus(reviewers, token, audiences?.length ? audiences : API_AUDIENCES) };
}

function tokenStatus(reviewers: TokenReviewers, token: string, audiences: readonly string[]): TokenReviewStatus {
  const verdict = reviewers.serviceAccountTokens.verify(token, audiences);
  if (verdict && 'user' in verdict) {
    return { authenticated: true, user: userObject(verdict.user), audiences: [...verdict.audiences] };
  }
  if (verdict) return { user: {}, error: `[invalid bearer token, ${verdict.error}]` };
  for (const lookup of reviewers.lookups) {
    const user = lookup.userOf(token);
    if (!user) continue;
    const known = audiences.filter((audience) => API_AUDIENCES.includes(audience));
    if (known.length === 0) continue;
    const named = { ...user, groups: withAuthenticated(user.groups) };
    return { authenticated: true, user: userObject(named), audiences: known };
  }
  return { user: {}, error: 'invalid bearer token' };
}

function userObject(user: UserInfo): UserInfoObject {
  return {
    username: user.name,
    ...(user.uid ? { uid: user.uid } : {}),
    ...(user.groups.length > 0 ? { groups: [...user.groups] } : {}),
    ...(user.extra ? { extra: copyExtra(user.extra) } : {}),
  };
}

function copyExtra(extra: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]));
}
