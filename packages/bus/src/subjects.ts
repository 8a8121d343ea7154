/**
 * How names become NATS subjects. Users and node names hold dots, colons and, as RBAC allows any text, anything else.
 *
 *   rpc.<kind>.<name or _>.<user tokens…>      a request to a service, by a user
 *   in.<owner>.<sender>.<connection>.<what>    what `sender` sends to one connection of `owner`
 *   fault.<endpoint>                           what is done to an endpoint on purpose (faults/exempt-line.ts)
 *
 * Invariants: a token holds only [A-Za-z0-9_-] and %XX; different names never share a subject. A user's `:`-separated
 * parts are tokens of their own where permissions need a wildcard (`system:serviceaccount:kube-system:*`), and one token
 * in inboxes, where a prefix of a user must not cover another user.
 */
const PLAIN = /^[A-Za-z0-9_-]+$/;
const encoder = new TextEncoder();

/** One token for any text. The empty text is `%`. */
export function escapeToken(text: string): string {
  if (PLAIN.test(text)) return text;
  if (text === '') return '%';
  let token = '';
  for (const byte of encoder.encode(text)) {
    const char = String.fromCharCode(byte);
    token += byte < 0x80 && PLAIN.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return token;
}

/** @throws URIError when it is not a token that escapeToken made */
export function unescapeToken(token: string): string {
  return token === '%' ? '' : decodeURIComponent(token);
}

/** `system:node:a.b` is `system.node.a%2Eb`. */
export function userTokens(user: string): string {
  return user.split(':').map(escapeToken).join('.');
}

/** What userTokens joined. @throws URIError when it did not */
export function userFromTokens(tokens: readonly string[]): string {
  return tokens.map(unescapeToken).join(':');
}

/** `api` is `rpc.api._`, `node.a.b` is `rpc.node.a%2Eb`: the prefix of a service's requests. */
export function servicePrefix(service: string): string {
  const dot = service.indexOf('.');
  if (dot < 0) return `rpc.${escapeToken(service)}._`;
  return `rpc.${escapeToken(service.slice(0, dot))}.${escapeToken(service.slice(dot + 1))}`;
}

/** Where `user` asks `service`. */
export function requestSubject(service: string, user: string): string {
  return `${servicePrefix(service)}.${userTokens(user)}`;
}

/** The user who asked on this subject. */
export function requestUser(subject: string): string {
  return userFromTokens(subject.split('.').slice(3));
}

/** The user who serves: who it is decides which inbox a caller keeps open for answers. */
export function servingUser(service: string): string {
  return service.startsWith('node.') ? `system:node:${service.slice('node.'.length)}` : APISERVER_USER;
}

export const APISERVER_USER = 'system:apiserver';
export const CONTROLLER_MANAGER_USER = 'system:kube-controller-manager';
export const NODE_USER_PREFIX = 'system:node:';
/** The service accounts that the controller-manager may ask as. */
export const SYSTEM_ACCOUNTS = 'system:serviceaccount:kube-system:';
/** As whom a supervisor commands faults; it may do nothing else. */
export const FAULT_INJECTOR_USER = 'system:fault-injector';

/** What `sender` may send to a connection of `owner`; `what` is the last token. */
export function inboxSubject(owner: string, sender: string, connection: string, what: string): string {
  return `in.${escapeToken(owner)}.${escapeToken(sender)}.${connection}.${what}`;
}

/** Where an endpoint gets fault commands. */
export function faultSubject(endpoint: string): string {
  return `fault.${escapeToken(endpoint)}`;
}

/** The same inbox with another last token. */
export function replySubject(inbox: string, what: string): string {
  return `${inbox.slice(0, inbox.lastIndexOf('.'))}.${what}`;
}

/** Undefined for what is no inbox. */
export function parseInbox(subject: string | undefined): { owner: string; sender: string; token: string } | undefined {
  const [head, owner, sender, token, what] = subject?.split('.') ?? [];
  if (head !== 'in' || !owner || !sender || !token || !what) return undefined;
  return { owner, sender, token };
}
