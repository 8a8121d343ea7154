/**
 * Acting as somebody else (upstream: k8s.io/apiserver/pkg/endpoints/filters/impersonation). There are several ways, tried
 * from the narrowest on, and the first that is allowed is taken; when none is, the refusal of the first is told.
 *
 * Constrained ways take two rights: to act as somebody (`impersonate:<way>` on what is asked for of users, groups, uids and
 * extra fields, in authentication.k8s.io) and to do this very thing while acting so (`impersonate-on:<way>:<verb>`). The
 * unconstrained one takes `impersonate` on each of what is asked for.
 *
 * Owns which way served each of the callers that acted as others last, MAX_CALLERS at most: it is tried first.
 */
import { goQuote, isDNS1123Subdomain, type StatusError, statusErrors } from '@regatta/api';
import type { Authorizer, RequestAttributes, UserInfo } from '../auth/identity.ts';
import { forbiddenMessage } from './api-call.ts';
import type { RequestHeaders } from './exchange.ts';
import { extraFields, headerValues } from './identity-headers.ts';

export const MAX_CALLERS = 1024;

const EXTRA_PREFIX = 'impersonate-extra-';
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;
const NODE_PREFIX = 'system:node:';
const NODE_NAME = 'authentication.kubernetes.io/node-name';
const IDENTITIES = 'authentication.k8s.io';
/** From so many values on, the right to all of them is asked for first. */
const MANY = 4;

/** Whom somebody acts as. */
export interface Impersonated {
  readonly user: UserInfo;
  /** The right that a constrained way took. */
  readonly constraint?: string;
}

interface Wanted {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid: string | undefined;
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

interface Way {
  /** Undefined: the unconstrained one. */
  readonly mode?: string;
  /** Whether it is for such a caller, and for whom that is to be. */
  fits(wanted: Wanted, caller: UserInfo): boolean;
}

const WAYS: readonly Way[] = [
  { mode: 'associated-node', fits: (wanted, caller) => isOnlyName(wanted) && isOwnNode(wanted, caller) },
  { mode: 'arbitrary-node', fits: (wanted) => isOnlyName(wanted) && nodeOf(wanted.name) !== undefined },
  { mode: 'serviceaccount', fits: (wanted) => isOnlyName(wanted) && SERVICE_ACCOUNT.test(wanted.name) },
  { mode: 'user-info', fits: ({ name }) => nodeOf(name) === undefined && !SERVICE_ACCOUNT.test(name) },
  { fits: () => true },
];

export class Impersonation {
  readonly #lastWays = new Map<string, Way>();

  constructor(private readonly authorizer: Authorizer) {}

  /** Undefined when no header asks for another. @param asked the caller's request. @throws StatusError 400, 403 */
  of(headers: RequestHeaders, asked: () => RequestAttributes): Impersonated | undefined {
    const wanted = wantedIn(headers);
    if (!wanted) return undefined;
    const attributes = asked();
    const { user: caller } = attributes;
    const key = JSON.stringify(caller);
    const last = this.#lastWays.get(key);
    const ways = last ? [last, ...WAYS.filter((way) => way !== last)] : WAYS;
    let first: StatusError | undefined;
    for (const way of ways) {
      if (!way.fits(wanted, caller)) continue;
      const refusal = this.#refusal(way, wanted, attributes);
      if (!refusal) {
        this.#remember(key, way);
        return impersonated(way, wanted);
      }
      first ??= refusal;
    }
    throw first ?? statusErrors.internal('all impersonation modes failed');
  }

  #remember(key: string, way: Way): void {
    if (this.#lastWays.size >= MAX_CALLERS) this.#lastWays.clear();
    this.#lastWays.set(key, way);
  }

  #refusal({ mode }: Way, wanted: Wanted, attributes: RequestAttributes): StatusError | undefined {
    const allowed = (asked: RequestAttributes): StatusError | undefined =>
      refusalOf(this.authorizer, mode === 'associated-node' ? withoutNode(asked) : asked);
    if (mode === undefined) return firstRefusal(legacyRights(wanted, attributes.user), allowed);
    const on = allowed({ ...attributes, verb: `impersonate-on:${mode}:${attributes.verb}` });
    return on ?? constrainedRefusal(mode, wanted, attributes.user, allowed);
  }
}

type Ask = (attributes: RequestAttributes) => StatusError | undefined;

function firstRefusal(rights: Iterable<RequestAttributes>, ask: Ask): StatusError | undefined {
  for (const right of rights) {
    const refusal = ask(right);
    if (refusal) return refusal;
  }
  return undefined;
}

function refusalOf(authorizer: Authorizer, attributes: RequestAttributes): StatusError | undefined {
  const { verdict, reason } = authorizer.authorize(attributes);
  return verdict === 'allow' ? undefined : refused(attributes, reason);
}

function refused(attributes: RequestAttributes, reason: string): StatusError {
  return statusErrors.forbidden(attributes, attributes.name, forbiddenMessage(attributes, reason));
}

interface Right {
  readonly resource: string;
  readonly name: string;
  readonly subresource?: string;
  readonly namespace?: string;
}

function right(user: UserInfo, verb: string, group: string, what: Right): RequestAttributes {
  const base = { user, verb, group, isResource: true, path: '', version: '', subresource: '', namespace: '' };
  return { ...base, ...what };
}

function* legacyRights({ name, groups, uid, extra }: Wanted, user: UserInfo): Generator<RequestAttributes> {
  const [, namespace = '', account] = SERVICE_ACCOUNT.exec(name) ?? [];
  const who =
    account === undefined ? { resource: 'users', name } : { resource: 'serviceaccounts', namespace, name: account };
  yield right(user, 'impersonate', '', who);
  if (uid !== undefined) yield right(user, 'impersonate', IDENTITIES, { resource: 'uids', name: uid });
  for (const group of groups) yield right(user, 'impersonate', '', { resource: 'groups', name: group });
  yield* extraRights(user, 'impersonate', extra);
}

function* extraRights(user: UserInfo, verb: string, extra: Wanted['extra']): Generator<RequestAttributes> {
  for (const [subresource, values] of extra) {
    for (const name of values) yield right(user, verb, IDENTITIES, { resource: 'userextras', subresource, name });
  }
}

function constrainedRefusal(mode: string, wanted: Wanted, user: UserInfo, ask: Ask): StatusError | undefined {
  const verb = `impersonate:${mode}`;
  const of = (what: Right): RequestAttributes => right(user, verb, IDENTITIES, what);
  const who = ask(of(whoIs(mode, wanted.name)));
  if (who) return who;
  const uid = wanted.uid === undefined ? undefined : ask(of({ resource: 'uids', name: wanted.uid }));
  return uid ?? groupRefusal(wanted.groups, of, ask) ?? extraRefusal(user, verb, wanted.extra, ask);
}

function whoIs(mode: string, name: string): Right {
  const [, namespace = '', account] = SERVICE_ACCOUNT.exec(name) ?? [];
  if (account !== undefined) return { resource: 'serviceaccounts', namespace, name: account };
  // The right to one's own node is the same wherever one runs.
  if (mode === 'associated-node') return { resource: 'nodes', name: '*' };
  const node = nodeOf(name);
  return node === undefined ? { resource: 'users', name } : { resource: 'nodes', name: node };
}

function groupRefusal(
  groups: readonly string[],
  of: (what: Right) => RequestAttributes,
  ask: Ask,
): StatusError | undefined {
  const group = (name: string): RequestAttributes => of({ resource: 'groups', name });
  if (groups.includes('')) return refused(group(''), 'impersonating the empty string group is not allowed');
  if (groups.includes('system:masters')) {
    return refused(group('system:masters'), 'impersonating the system:masters group is not allowed');
  }
  if (groups.length >= MANY && !ask(group('*'))) return undefined;
  return firstRefusal(groups.map(group), ask);
}

function extraRefusal(user: UserInfo, verb: string, extra: Wanted['extra'], ask: Ask): StatusError | undefined {
  const all = right(user, verb, IDENTITIES, { resource: 'userextras', subresource: '*', name: '*' });
  for (const [key, values] of extra) {
    const problem = extraProblem(key, values);
    if (problem !== undefined) return refused({ ...all, subresource: '', name: '' }, problem);
  }
  const size = [...extra.values()].reduce((sum, values) => sum + values.length, 0);
  if (size >= MANY && !ask(all)) return undefined;
  return firstRefusal(extraRights(user, verb, extra), ask);
}

function extraProblem(key: string, values: readonly string[]): string | undefined {
  const [domain = '', ...path] = key.split('/');
  if (key === '') return 'impersonating the empty string key in extra is not allowed';
  if (path.join('/') === '' || isDNS1123Subdomain(domain).length > 0) {
    const why = `extra.key: Invalid value: ${goQuote(key)}: must be a domain-prefixed path (such as "acme.io/foo")`;
    return `impersonating an invalid key in extra is not allowed: ${why}`;
  }
  if (values.length === 0) return 'impersonating empty values in extra is not allowed';
  return values.includes('') ? 'impersonating the empty string value in extra is not allowed' : undefined;
}

/** A caller that acts as its own node is asked about without what differs from node to node. */
function withoutNode(attributes: RequestAttributes): RequestAttributes {
  const keys = Object.keys(attributes.user.extra ?? {}).sort();
  const extra = { 'authentication.kubernetes.io/associated-node-keys': keys };
  return { ...attributes, user: { ...attributes.user, extra } };
}

function impersonated({ mode }: Way, wanted: Wanted): Impersonated {
  const { name, uid, extra } = wanted;
  return {
    user: {
      name,
      groups: effectiveGroups(wanted, mode !== undefined),
      ...(uid === undefined ? {} : { uid }),
      ...(extra.size === 0 ? {} : { extra: Object.fromEntries(extra) }),
    },
    ...(mode === undefined ? {} : { constraint: `impersonate:${mode}` }),
  };
}

/** Groups that come with a user by itself; everybody is authenticated, except system:anonymous. */
function effectiveGroups({ name, groups }: Wanted, isConstrained: boolean): readonly string[] {
  const account = SERVICE_ACCOUNT.exec(name);
  const fixed =
    account && groups.length === 0
      ? ['system:serviceaccounts', `system:serviceaccounts:${account[1] ?? ''}`]
      : isConstrained && nodeOf(name) !== undefined
        ? ['system:nodes']
        : groups;
  const general = name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated';
  return fixed.includes(general) || fixed.includes('system:unauthenticated') ? fixed : [...fixed, general];
}

function isOnlyName({ groups, uid, extra }: Wanted): boolean {
  return groups.length === 0 && uid === undefined && extra.size === 0;
}

function isOwnNode({ name }: Wanted, caller: UserInfo): boolean {
  const node = nodeOf(name);
  const [own, ...more] = caller.extra?.[NODE_NAME] ?? [];
  return node !== undefined && SERVICE_ACCOUNT.test(caller.name) && own === node && more.length === 0;
}

function nodeOf(name: string): string | undefined {
  if (!name.startsWith(NODE_PREFIX)) return undefined;
  const node = name.slice(NODE_PREFIX.length);
  return isDNS1123Subdomain(node).length === 0 ? node : undefined;
}

/** @throws StatusError 400 */
function wantedIn(headers: RequestHeaders): Wanted | undefined {
  const name = headerValues(headers, 'impersonate-user')[0];
  const groups = headerValues(headers, 'impersonate-group');
  const uid = headerValues(headers, 'impersonate-uid')[0];
  const extra = extraFields(headers, EXTRA_PREFIX);
  if (name !== undefined) return { name, groups, uid, extra };
  if (groups.length === 0 && uid === undefined && extra.size === 0) return undefined;
  throw statusErrors.badRequest(`requested ${describe(groups, uid, extra)} without impersonating a user name`);
}

/** Go's %#v of what was asked for. */
function describe(groups: readonly string[], uid = '', extra: Wanted['extra'] = new Map()): string {
  const list = (values: readonly string[]): string => `[]string{${values.map(goQuote).join(', ')}}`;
  const entries = [...extra].map(([key, values]) => `${goQuote(key)}:${list(values)}`).join(', ');
  const extras = extra.size === 0 ? 'map[string][]string(nil)' : `map[string][]string{${entries}}`;
  const groupList = groups.length === 0 ? '[]string(nil)' : list(groups);
  return `&user.DefaultInfo{Name:"", UID:${goQuote(uid)}, Groups:${groupList}, Extra:${extras}}`;
}
