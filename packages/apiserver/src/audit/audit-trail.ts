/**
 * One request on its way, as the audit log sees it: stages, outcome, annotations
 * (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/filters/audit.go, pkg/audit/context.go).
 *
 * Invariants: a stage is written at most once; nothing here waits or throws; after the request only bytes that nobody
 * changes are held.
 */
import type { Status, StatusError } from '@regatta/api';
import type { Decision, UserInfo } from '../auth/identity.ts';
import { type FixedResponse, headerValue, type ServerRequest, type ServerResponse } from '../server/exchange.ts';
import type { Impersonated } from '../server/impersonation.ts';
import type { RequestInfo } from '../server/request-info.ts';
import type { AuditedBody, AuditRecord } from './audit-event.ts';
import { type AuditStage, type AuditVerdict, tells } from './audit-policy.ts';
import type { AuditSink } from './audit-sink.ts';

/** Answers above this are written without their body. */
export const LARGEST_AUDITED_BODY = 3 * 1024 * 1024;

const WITH_BODY = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const FORWARDED = /^[0-9a-fA-F.:]{2,45}$/;
const MOST_FORWARDERS = 8;

export interface Subscription {
  readonly sink: AuditSink;
  readonly verdict: AuditVerdict;
}

export interface TrailSubject {
  readonly auditId: string;
  readonly request: ServerRequest;
  readonly info: RequestInfo;
  readonly user: UserInfo;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
}

export class AuditTrail {
  readonly #subject: TrailSubject;
  readonly #subscriptions: readonly Subscription[];
  readonly #now: () => number;
  readonly #annotations = new Map<string, string>();
  /** Those that tell as much as the request's body does. */
  readonly #details = new Map<string, string>();
  readonly #written = new Set<AuditStage>();
  #impersonated: Impersonated | undefined;
  #objectName: string | undefined;
  #status: Status | undefined;
  #allowed = false;

  constructor(subject: TrailSubject, subscriptions: readonly Subscription[], now: () => number) {
    this.#subject = subject;
    this.#subscriptions = subscriptions;
    this.#now = now;
    this.#write('RequestReceived', undefined);
  }

  get auditId(): string {
    return this.#subject.auditId;
  }

  actingAs(other: Impersonated): void {
    this.#impersonated = other;
  }

  decided({ verdict, reason }: Decision): void {
    this.#allowed = verdict === 'allow';
    this.annotate('authorization.k8s.io/decision', this.#allowed ? 'allow' : 'forbid');
    this.annotate('authorization.k8s.io/reason', reason);
  }

  /** The first value of a key stays. @param level only logs that keep as much of the request have it */
  annotate(key: string, value: string, level: 'Metadata' | 'Request' = 'Metadata'): void {
    const annotations = level === 'Metadata' ? this.#annotations : this.#details;
    if (!annotations.has(key)) annotations.set(key, value);
  }

  /** What a request made that did not name it. */
  made(name: string): void {
    this.#objectName = name;
  }

  refused({ status }: StatusError): void {
    this.#status = status;
  }

  /** A defect of the server; its answer is a 500. */
  panicked(error: StatusError): void {
    this.refused(error);
    this.#write('Panic', error.status.code ?? 500);
  }

  /** The answer's head is on its way, its body comes as it comes. */
  started(code: number): void {
    this.#write('ResponseStarted', code);
  }

  completed(code: number, response?: FixedResponse): void {
    if (!this.#written.has('Panic')) this.#write('ResponseComplete', code, response);
  }

  /** Notes how a request was answered; streams are followed to their end. */
  answered(response: ServerResponse): ServerResponse {
    if (!('stream' in response)) {
      this.completed(response.code, response);
      return response;
    }
    this.started(response.code);
    return {
      ...response,
      stream: (sink) => response.stream(sink).finally(() => this.completed(response.code)),
    };
  }

  #write(stage: AuditStage, code: number | undefined, response?: FixedResponse): void {
    if (this.#written.has(stage)) return;
    this.#written.add(stage);
    const at = this.#now();
    for (const { sink, verdict } of this.#subscriptions) {
      if (verdict.omitStages.includes(stage)) continue;
      this.#give(sink, verdict, { stage, code, at, response });
    }
  }

  #give(
    sink: AuditSink,
    { level, omitManagedFields }: AuditVerdict,
    {
      stage,
      code,
      at,
      response,
    }: { stage: AuditStage; code: number | undefined; at: number; response: FixedResponse | undefined },
  ): void {
    const { auditId, request, info, user, receivedAt } = this.#subject;
    const record: AuditRecord = {
      level,
      stage,
      auditId,
      method: request.method,
      url: request.url,
      info,
      user,
      impersonated: this.#impersonated?.user,
      constraint: this.#impersonated?.constraint,
      sourceIPs: sourceIPs(request),
      userAgent: headerValue(request, 'user-agent') ?? '',
      objectName: this.#objectName,
      receivedAt,
      at,
      code,
      status: this.#status,
      annotations: new Map([...this.#annotations, ...(tells(level, 'Request') ? this.#details : [])]),
      omitManagedFields,
    };
    const last = stage === 'ResponseComplete' || stage === 'Panic';
    if (!last || !tells(level, 'Request')) return sink.write(record);
    const responseBody = tells(level, 'RequestResponse') ? bodyOf(response) : undefined;
    const requestBody = this.#requestBody();
    if (!(requestBody instanceof Promise)) return sink.write({ ...record, requestBody, responseBody });
    void requestBody.then((body) => sink.write({ ...record, requestBody: body, responseBody }));
  }

  /** What the handler read; a body that nobody was allowed to send is not read now. */
  #requestBody(): AuditedBody | undefined | Promise<AuditedBody | undefined> {
    const { request } = this.#subject;
    if (!this.#allowed || !WITH_BODY.has(request.method)) return undefined;
    const mediaType = headerValue(request, 'content-type') ?? '';
    try {
      const body = request.body();
      if (!(body instanceof Promise)) return { bytes: body, mediaType };
      return body.then(
        (bytes) => ({ bytes, mediaType }),
        () => undefined,
      );
    } catch {
      return undefined; // too large: the answer says so
    }
  }
}

function bodyOf(response: FixedResponse | undefined): AuditedBody | undefined {
  const size = response?.body.reduce((sum, part) => sum + part.length, 0) ?? 0;
  if (!response || size > LARGEST_AUDITED_BODY) return undefined;
  const type = response.headers['content-type'];
  return { bytes: Buffer.concat(response.body), mediaType: (Array.isArray(type) ? type[0] : type) ?? '' };
}

/** Those who passed the request on, as far as they say so, then who brought it. */
function sourceIPs(request: ServerRequest): string[] {
  const forwarded = headerValue(request, 'x-forwarded-for')?.split(',') ?? [];
  const named = forwarded.map((address) => address.trim()).filter((address) => FORWARDED.test(address));
  // As Go prints an IPv4 address that came over an IPv6 socket.
  const direct = request.remoteAddress.replace(/^::ffff:(?=\d+\.)/, '');
  const addresses = [...named.slice(0, MOST_FORWARDERS), direct].filter((address) => address !== '');
  return [...new Set(addresses)];
}
