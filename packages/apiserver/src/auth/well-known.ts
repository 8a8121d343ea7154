/**
 * Names that authentication and authorization agree on
 * (upstream: staging/src/k8s.io/apiserver/pkg/authentication/user and .../serviceaccount).
 */
import type { UserInfo } from './identity.ts';

export const GROUPS = {
  privileged: 'system:masters',
  nodes: 'system:nodes',
  authenticated: 'system:authenticated',
  unauthenticated: 'system:unauthenticated',
  serviceAccounts: 'system:serviceaccounts',
} as const;

/** Names, in a user's extra, which certificate or token was shown. */
export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';

const NODE_PREFIX = 'system:node:';
const SERVICE_ACCOUNT_PREFIX = 'system:serviceaccount:';

export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}

export function serviceAccountUser({ namespace, name }: ServiceAccountName): string {
  return `${SERVICE_ACCOUNT_PREFIX}${namespace}:${name}`;
}

export function serviceAccountGroups(namespace: string): string[] {
  return [GROUPS.serviceAccounts, `${GROUPS.serviceAccounts}:${namespace}`];
}

/** The account that a user name stands for; undefined when it is no service account's. */
export function parseServiceAccountUser(user: string): ServiceAccountName | undefined {
  if (!user.startsWith(SERVICE_ACCOUNT_PREFIX)) return undefined;
  const [namespace, name, ...rest] = user.slice(SERVICE_ACCOUNT_PREFIX.length).split(':');
  return namespace && name && rest.length === 0 ? { namespace, name } : undefined;
}

/**
 * Whether a user is a node, and which (upstream: pkg/auth/nodeidentifier/default.go).
 * @returns the node's name; '' for a member of system:nodes whose name is no node's; undefined for others
 */
export function nodeNameOf(user: UserInfo): string | undefined {
  if (!user.name.startsWith(NODE_PREFIX)) return undefined;
  return user.groups.includes(GROUPS.nodes) ? user.name.slice(NODE_PREFIX.length) : undefined;
}

/** The groups with system:authenticated added, when it is missing. */
export function withAuthenticated(groups: readonly string[]): readonly string[] {
  const isTold = groups.includes(GROUPS.authenticated) || groups.includes(GROUPS.unauthenticated);
  return isTold ? groups : [...groups, GROUPS.authenticated];
}
