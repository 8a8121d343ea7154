/**
 * Acting as somebody else (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/filters/impersonation.go): each of the
 * user, the groups, the uid and the extra fields asked for needs its own `impersonate` permission.
 */
import { goQuote, statusErrors } from '@regatta/api';
import type { Authorizer, RequestAttributes, UserInfo } from '../auth/identity.ts';
import { forbiddenMessage } from './api-call.ts';
import type { RequestHeaders } from './exchange.ts';

const EXTRA_PREFIX = 'impersonate-extra-';
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

interface Wanted {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name: string;
}

/** The user to go on as: `user` itself when no header asks for another. @throws StatusError 403 */
export function impersonate(user: UserInfo, headers: RequestHeaders, authorizer: Authorizer): UserInfo {
  const name = all(headers, 'impersonate-user')[0];
  const groups = all(headers, 'impersonate-group');
  const uid = all(headers, 'impersonate-uid')[0];
  const extra = extraOf(headers);
  if (name === undefined) {
    if (groups.length === 0 && uid === undefined && extra.size === 0) return user;
    throw statusErrors.badRequest(`requested ${describe(groups, uid, extra)} without impersonating a user name`);
  }
  for (const wanted of wantedOf(name, groups, uid, extra)) allow(user, wanted, authorizer);
  return {
    name,
    groups: effectiveGroups(name, groups),
    ...(uid === undefined ? {} : { uid }),
    ...(extra.size === 0 ? {} : { extra: Object.fromEntries(extra) }),
  };
}

function all(headers: RequestHeaders, name: string): string[] {
  const value = headers[name];
  if (value === undefined || value === '') return [];
  // Node joins repeated headers with a comma; group names hold none.
  return Array.isArray(value) ? value : value.split(',').map((part) => part.trim());
}

function extraOf(headers: RequestHeaders): Map<string, string[]> {
  const extra = new Map<string, string[]>();
  for (const header of Object.keys(headers)) {
    if (!header.startsWith(EXTRA_PREFIX)) continue;
    extra.set(decodeURIComponent(header.slice(EXTRA_PREFIX.length)), all(headers, header));
  }
  return extra;
}

/** Go's %#v of what was asked for. */
function describe(groups: string[], uid = '', extra: Map<string, string[]> = new Map()): string {
  const list = (values: string[]): string => `[]string{${values.map(goQuote).join(', ')}}`;
  const entries = [...extra].map(([key, values]) => `${goQuote(key)}:${list(values)}`).join(', ');
  const extras = extra.size === 0 ? 'map[string][]string(nil)' : `map[string][]string{${entries}}`;
  const groupList = groups.length === 0 ? '[]string(nil)' : list(groups);
  return `&user.DefaultInfo{Name:"", UID:${goQuote(uid)}, Groups:${groupList}, Extra:${extras}}`;
}

function* wantedOf(
  name: string,
  groups: string[],
  uid: string | undefined,
  extra: Map<string, string[]>,
): Generator<Wanted> {
  const account = SERVICE_ACCOUNT.exec(name);
  if (account) yield { group: '', resource: 'serviceaccounts', namespace: account[1] ?? '', name: account[2] ?? '' };
  else yield { group: '', resource: 'users', name };
  for (const group of groups) yield { group: '', resource: 'groups', name: group };
  if (uid !== undefined) yield { group: 'authentication.k8s.io', resource: 'uids', name: uid };
  for (const [key, values] of extra) {
    for (const value of values) {
      yield { group: 'authentication.k8s.io', resource: 'userextras', subresource: key, name: value };
    }
  }
}

function allow(user: UserInfo, wanted: Wanted, authorizer: Authorizer): void {
  const attributes: RequestAttributes = {
    user,
    verb: 'impersonate',
    isResource: true,
    path: '',
    version: '',
    subresource: '',
    namespace: '',
    ...wanted,
  };
  const decision = authorizer.authorize(attributes);
  if (decision.verdict === 'allow') return;
  throw statusErrors.forbidden(wanted, wanted.name, forbiddenMessage(attributes, decision.reason));
}

/** Groups that come with a user by itself; everybody is authenticated, except system:anonymous. */
function effectiveGroups(name: string, groups: string[]): string[] {
  const account = SERVICE_ACCOUNT.exec(name);
  const own =
    account && groups.length === 0 ? ['system:serviceaccounts', `system:serviceaccounts:${account[1] ?? ''}`] : groups;
  const general = name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated';
  return own.includes(general) || own.includes('system:unauthenticated') ? own : [...own, general];
}
