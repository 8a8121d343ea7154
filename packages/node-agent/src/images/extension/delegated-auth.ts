/**
 * Who asks an extension server, and whether they may, as the cluster's own API server says
 * (upstream: k8s.io/apiserver/pkg/server/options/{authentication,authorization}.go): by the headers of a front proxy whose
 * certificate is good, by a client certificate of the cluster's authority, by a token that a TokenReview knows; then by a
 * SubjectAccessReview.
 *
 * Owns: which authorities are trusted, read once, and decisions of the last ten seconds.
 */
import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { type StatusError, statusErrors } from '@regatta/api';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { apiServerUrl, askInCluster, type InClusterAnswer } from '../agnhost/in-cluster.ts';
import type { ExtensionRequest } from './extension-request.ts';

export interface Caller {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

interface Trust {
  readonly clientCa: string;
  readonly proxyCa: string;
  /** Common names of front proxies; empty: any. */
  readonly proxies: readonly string[];
}

/** Why the server can't begin. */
export class DelegationError extends Error {
  readonly code = 'delegation';
}

interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
  /** Monotonic real milliseconds. */
  readonly until: number;
}

const ANONYMOUS: Caller = { username: 'system:anonymous', groups: ['system:unauthenticated'] };
const AUTHENTICATED = 'system:authenticated';
const CONFIG_MAP = 'extension-apiserver-authentication';
const EXTRA_PREFIX = 'x-remote-extra-';
const OPEN_PATHS = new Set(['/healthz', '/readyz', '/livez']);
/** Real milliseconds (upstream: DelegatingAuthorizationOptions). */
const DECISION_MS = 10_000;
export const MAX_DECISIONS = 1024;

export class DelegatedAuth {
  readonly #decisions = new Map<string, Decision>();
  readonly #clientCas: readonly X509Certificate[];
  readonly #proxyCas: readonly X509Certificate[];

  /** @param ask puts a review to the cluster @param monotonic real milliseconds */
  constructor(
    private readonly trust: Trust,
    private readonly ask: (path: string, review: object) => Promise<InClusterAnswer>,
    private readonly monotonic: () => number,
  ) {
    this.#clientCas = certificatesOf(trust.clientCa);
    this.#proxyCas = certificatesOf(trust.proxyCa);
  }

  /** Asks the cluster whom to trust. @throws DelegationError, FileError, NetworkError */
  static async load(process: ProcessContext): Promise<DelegatedAuth> {
    const path = `/api/v1/namespaces/kube-system/configmaps/${CONFIG_MAP}`;
    const answer = await askInCluster(process, `${apiServerUrl(process)}${path}`);
    if (answer.status !== 200) throw new DelegationError(messageOf(answer));
    const { data = {} } = JSON.parse(answer.body);
    const trust = {
      clientCa: data['client-ca-file'] ?? '',
      proxyCa: data['requestheader-client-ca-file'] ?? '',
      proxies: JSON.parse(data['requestheader-allowed-names'] ?? '[]'),
    };
    const ask = (to: string, body: object): Promise<InClusterAnswer> =>
      askInCluster(process, `${apiServerUrl(process)}${to}`, { method: 'POST', body });
    return new DelegatedAuth(trust, ask, () => process.clock.real.monotonic());
  }

  /** PEM of everybody whose certificates may be shown. */
  get authorities(): string[] {
    return [this.trust.clientCa, this.trust.proxyCa].filter((pem) => pem !== '');
  }

  /** @throws StatusError 401 */
  async caller(request: IncomingMessage): Promise<Caller> {
    const certificate = peerOf(request);
    const proven = certificate && (this.#proxied(certificate, request) ?? this.#certified(certificate));
    if (proven) return { ...proven, groups: withAuthenticated(proven.groups) };
    const token = /^bearer +(\S+)/i.exec(request.headers.authorization ?? '')?.[1];
    return token === undefined ? ANONYMOUS : this.#reviewed(token);
  }

  /** @throws StatusError 403, 500 */
  async authorize(caller: Caller, request: ExtensionRequest): Promise<void> {
    if (caller.groups.includes('system:masters') || OPEN_PATHS.has(request.path)) return;
    const { allowed, reason } = await this.#decide(caller, request);
    if (allowed) return;
    throw forbidden(caller, request, reason);
  }

  #proxied(certificate: X509Certificate, { headersDistinct: headers }: IncomingMessage): Caller | undefined {
    if (!isSignedBy(certificate, this.#proxyCas)) return undefined;
    const { proxies } = this.trust;
    if (proxies.length > 0 && !proxies.includes(subjectOf(certificate, 'CN')[0] ?? '')) return undefined;
    const [username] = headers['x-remote-user'] ?? [];
    if (username === undefined || username === '') return undefined;
    const [uid] = headers['x-remote-uid'] ?? [];
    const extra = Object.entries(headers).filter(([name]) => name.startsWith(EXTRA_PREFIX));
    return {
      username,
      ...(uid ? { uid } : {}),
      groups: headers['x-remote-group'] ?? [],
      extra: Object.fromEntries(
        extra.map(([name, values = []]) => [decodeURIComponent(name.slice(EXTRA_PREFIX.length)), values]),
      ),
    };
  }

  #certified(certificate: X509Certificate): Caller | undefined {
    const [username = ''] = subjectOf(certificate, 'CN');
    if (username === '' || !isSignedBy(certificate, this.#clientCas)) return undefined;
    return { username, groups: subjectOf(certificate, 'O') };
  }

  async #reviewed(token: string): Promise<Caller> {
    const spec = { token };
    const path = '/apis/authentication.k8s.io/v1/tokenreviews';
    const { status } = await this.#ask(path, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec });
    if (status?.['authenticated'] !== true) throw statusErrors.unauthorized();
    const user = status['user'] as Partial<Caller> & Pick<Caller, 'username'>;
    return { ...user, groups: user.groups ?? [] };
  }

  async #decide(caller: Caller, request: ExtensionRequest): Promise<Decision> {
    const now = this.monotonic();
    const spec = {
      user: caller.username,
      uid: caller.uid,
      groups: caller.groups,
      extra: caller.extra,
      ...asked(request),
    };
    const key = JSON.stringify(spec);
    const known = this.#decisions.get(key);
    if (known && known.until > now) return known;
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
    const { status } = await this.#ask('/apis/authorization.k8s.io/v1/subjectaccessreviews', body);
    const allowed = status?.['allowed'] === true;
    const decision = { allowed, reason: String(status?.['reason'] ?? ''), until: now + DECISION_MS };
    if (this.#decisions.size >= MAX_DECISIONS) this.#decisions.clear();
    this.#decisions.set(key, decision);
    return decision;
  }

  /** @throws StatusError 500 */
  async #ask(path: string, body: object): Promise<{ readonly status?: Readonly<Record<string, unknown>> }> {
    const answer = await this.ask(path, body);
    if (answer.status !== 201) throw statusErrors.internal(messageOf(answer));
    return JSON.parse(answer.body);
  }
}

function asked(request: ExtensionRequest): object {
  if (!request.isResource) return { nonResourceAttributes: { path: request.path, verb: request.verb } };
  const { verb, group, version, namespace, resource, name, subresource } = request;
  return { resourceAttributes: { verb, group, version, namespace, resource, name, subresource } };
}

function forbidden({ username }: Caller, request: ExtensionRequest, reason: string): StatusError {
  const { verb, group, resource, subresource, namespace, name, path, isResource } = request;
  const why = reason === '' ? '' : `: ${reason}`;
  const who = `User ${JSON.stringify(username)} cannot`;
  if (!isResource)
    return statusErrors.forbidden({ group: '', resource: '' }, '', `${who} ${verb} path "${path}"${why}`);
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const what = `${who} ${verb} resource "${full}" in API group "${group}" ${where}${why}`;
  return statusErrors.forbidden({ group, resource }, name, what);
}

function messageOf({ status, body }: InClusterAnswer): string {
  try {
    return String(JSON.parse(body).message ?? status);
  } catch {
    return String(status); // a server that answers without a Status
  }
}

/** The certificate that was shown; undefined when there is none, or TLS does not trust it. */
function peerOf({ socket }: IncomingMessage): X509Certificate | undefined {
  const { authorized, getPeerX509Certificate } = socket as TLSSocket;
  return authorized ? getPeerX509Certificate.call(socket) : undefined;
}

function certificatesOf(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

function isSignedBy(certificate: X509Certificate, authorities: readonly X509Certificate[]): boolean {
  return authorities.some((ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey));
}

function subjectOf({ subject }: X509Certificate, attribute: 'CN' | 'O'): string[] {
  const lines = subject.split('\n').filter((line) => line.startsWith(`${attribute}=`));
  return lines.map((line) => line.slice(attribute.length + 1));
}

function withAuthenticated(groups: readonly string[]): readonly string[] {
  return groups.includes(AUTHENTICATED) ? groups : [...groups, AUTHENTICATED];
}
