/**
 * The way of every request, whatever brought it here: request info → authentication → impersonation → limits →
 * authorization → handler, with the headers and figures that every answer gets
 * (upstream: DefaultBuildHandlerChain in staging/src/k8s.io/apiserver/pkg/server/config.go).
 *
 * Invariants: `handle` never throws and never rejects: a defect becomes a 500 Status and a log line. An answer that can be
 * given without waiting is returned, not promised, so that reads cost no microtask.
 */
import { type StatusError, statusErrors } from '@regatta/api';
import type { Clock, Logger, Random } from '@regatta/runtime';
import { ANONYMOUS, type Authenticator, type Authorizer, type UserInfo } from '../auth/identity.ts';
import { type ApiCall, attributesOf, forbiddenMessage } from './api-call.ts';
import { type FixedResponse, headerValue, type ServerRequest, type ServerResponse } from './exchange.ts';
import { impersonate } from './impersonation.ts';
import { InFlight } from './in-flight.ts';
import { type RequestInfo, requestInfo } from './request-info.ts';
import type { RequestMetrics } from './request-metrics.ts';
import { statusErrorOf, statusResponse, textResponse } from './status-response.ts';
import { warningHeaders } from './warning-header.ts';

export type CallHandler = (call: ApiCall) => ServerResponse | Promise<ServerResponse>;

export interface PipelineOptions {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly handler: CallHandler;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: RequestMetrics;
  readonly inFlight?: InFlight;
  /** How an error is told to this client; as JSON unless told. */
  readonly errorResponse?: (error: StatusError, request: ServerRequest) => FixedResponse | Promise<FixedResponse>;
}

const REQUEST_TIMEOUT_TEXT = 'Too many requests, please try again later.';

export class Pipeline {
  readonly inFlight: InFlight;

  constructor(readonly options: PipelineOptions) {
    this.inFlight = options.inFlight ?? new InFlight();
  }

  handle(request: ServerRequest): ServerResponse | Promise<ServerResponse> {
    const started = this.options.clock.monotonic();
    const warnings: string[] = [];
    let info: RequestInfo | undefined;
    const finish = (response: ServerResponse): ServerResponse =>
      this.#finish(request, info, response, warnings, started);
    const fail = (error: unknown): ServerResponse | Promise<ServerResponse> => {
      const response = this.#failure(error, request);
      return response instanceof Promise ? response.then(finish) : finish(response);
    };
    try {
      const parsed = requestInfo(request.method, request.url);
      info = parsed;
      const answer = this.#authenticated(request, (user) => this.#serve(request, parsed, user, warnings));
      return answer instanceof Promise ? answer.then(finish, fail) : finish(answer);
    } catch (error) {
      return fail(error);
    }
  }

  /**
   * Who asks and whether they may, for transports that take a request off HTTP (WebSocket upgrades).
   * @throws StatusError 401 or 403
   */
  async admit(request: ServerRequest): Promise<ApiCall> {
    const info = requestInfo(request.method, request.url);
    const user = this.#identity(await this.options.authenticator.authenticate(request.credentials), request);
    const acting = impersonate(user, request.headers, this.options.authorizer);
    this.#authorize(acting, info);
    return { request, info, user: acting, warnings: [] };
  }

  #authenticated(
    request: ServerRequest,
    next: (user: UserInfo) => ServerResponse | Promise<ServerResponse>,
  ): ServerResponse | Promise<ServerResponse> {
    const found = this.options.authenticator.authenticate(request.credentials);
    return found instanceof Promise
      ? found.then((user) => next(this.#identity(user, request)))
      : next(this.#identity(found, request));
  }

  /** A client certificate that nobody trusts is a failed authentication, unless other credentials were good. */
  #identity(user: UserInfo | undefined, request: ServerRequest): UserInfo {
    if (user === undefined || (user === ANONYMOUS && request.certificateRejected)) throw statusErrors.unauthorized();
    return user;
  }

  #serve(
    request: ServerRequest,
    info: RequestInfo,
    user: UserInfo,
    warnings: string[],
  ): ServerResponse | Promise<ServerResponse> {
    const leave = this.inFlight.enter(info, user);
    if (!leave) return textResponse(429, REQUEST_TIMEOUT_TEXT, { 'retry-after': '1' });
    let waiting = false;
    try {
      const acting = impersonate(user, request.headers, this.options.authorizer);
      this.#authorize(acting, info);
      const answer = this.options.handler({ request, info, user: acting, warnings });
      if (!(answer instanceof Promise)) return answer;
      waiting = true;
      return answer.finally(leave);
    } finally {
      if (!waiting) leave();
    }
  }

  #authorize(user: UserInfo, info: RequestInfo): void {
    const attributes = attributesOf(user, info);
    const decision = this.options.authorizer.authorize(attributes);
    if (decision.verdict === 'allow') return;
    throw statusErrors.forbidden(info, info.name, forbiddenMessage(attributes, decision.reason));
  }

  #failure(error: unknown, request: ServerRequest): FixedResponse | Promise<FixedResponse> {
    const { logger, errorResponse = statusResponse } = this.options;
    const status = statusErrorOf(error);
    if (status) return errorResponse(status, request);
    logger.error('request failed', { method: request.method, path: pathOf(request.url), error });
    return errorResponse(statusErrors.internal(error instanceof Error ? error.message : String(error)), request);
  }

  #finish(
    request: ServerRequest,
    info: RequestInfo | undefined,
    response: ServerResponse,
    warnings: readonly string[],
    started: number,
  ): ServerResponse {
    const { headers } = response;
    headers['audit-id'] = headerValue(request, 'audit-id') || this.options.random.uuid();
    headers['cache-control'] ??= 'no-cache, private';
    if (warnings.length > 0) headers.warning = warningHeaders(warnings);
    this.options.metrics.observe(request.method, info, response.code, this.options.clock.monotonic() - started);
    return response;
  }
}

function pathOf(url: string): string {
  const mark = url.indexOf('?');
  return mark < 0 ? url : url.slice(0, mark);
}
