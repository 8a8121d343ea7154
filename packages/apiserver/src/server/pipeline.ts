/**
 * The way of every request, whatever brought it here: request info → authentication → impersonation → its flow's turn →
 * authorization → body → a seat of its priority level → handler, with the headers and figures that every answer gets
 * (upstream: DefaultBuildHandlerChain in staging/src/k8s.io/apiserver/pkg/server/config.go).
 *
 * Invariants: `handle` never throws and never rejects: a defect becomes a 500 Status and a log line. An answer that can be
 * given without waiting is returned, not promised, so that reads cost no microtask. A body that comes in slowly holds no
 * place. System components on the bus wait for nobody.
 */
import type { Duplex } from 'node:stream';
import { type StatusError, statusErrors } from '@regatta/api';
import type { Clock, Logger, Random } from '@regatta/runtime';
import type { Auditor, AuditTrail } from '../audit/mod.ts';
import { ANONYMOUS, type Authenticator, type Authorizer, type UserInfo } from '../auth/identity.ts';
import { FlowControl } from '../flowcontrol/flow-control.ts';
import { FlowRefused } from '../flowcontrol/flow-refused.ts';
import type { FlowTicket } from '../flowcontrol/flow-ticket.ts';
import type { AccessMetrics } from './access-metrics.ts';
import { type ApiCall, attributesOf, forbiddenMessage } from './api-call.ts';
import {
  type FixedResponse,
  type HoldBytes,
  headerValue,
  isStream,
  type ServerRequest,
  type ServerResponse,
  type StreamResponse,
} from './exchange.ts';
import { Impersonation } from './impersonation.ts';
import { FlowLimits } from './limits.ts';
import type { Presence } from './presence.ts';
import { type RequestInfo, requestInfo } from './request-info.ts';
import type { RequestMetrics } from './request-metrics.ts';
import { checkTimeout } from './request-timeout.ts';
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
  readonly access?: AccessMetrics;
  /** How an error is told to this client; as JSON unless told. */
  readonly errorResponse?: (error: StatusError, request: ServerRequest) => FixedResponse | Promise<FixedResponse>;
  readonly flow?: FlowControl;
  readonly audit?: Auditor;
  readonly presence?: Presence;
}

/** One request on its way. */
interface Passage {
  readonly request: ServerRequest;
  readonly auditId: string;
  readonly warnings: string[];
  /** Monotonic milliseconds. */
  readonly started: number;
  info: RequestInfo | undefined;
  trail: AuditTrail | undefined;
  user: UserInfo | undefined;
  ticket: FlowTicket | undefined;
}

/** Whose credentials were refused. */
const NOBODY: UserInfo = { name: '', groups: [] };
/** What callers give themselves is cut off here (upstream: pkg/audit/context.go, maxAuditIDLength). */
const LONGEST_AUDIT_ID = 64;
const SWITCHING_PROTOCOLS = 101;
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

export class Pipeline {
  readonly flow: FlowControl;
  readonly #impersonation: Impersonation;

  constructor(readonly options: PipelineOptions) {
    this.flow = options.flow ?? new FlowControl(options.clock);
    this.#impersonation = new Impersonation(options.authorizer);
  }

  handle(request: ServerRequest): ServerResponse | Promise<ServerResponse> {
    const passage = this.#passage(request);
    const finish = (response: ServerResponse): ServerResponse => this.#finish(passage, response);
    const fail = (error: unknown): ServerResponse | Promise<ServerResponse> => {
      const response = this.#failure(error, passage);
      return response instanceof Promise ? response.then(finish) : finish(response);
    };
    try {
      const info = requestInfo(request.method, request.url);
      passage.info = info;
      checkTimeout(info);
      const answer = this.#authenticated(passage, (user) => this.#serve(passage, info, user));
      return answer instanceof Promise ? answer.then(finish, fail) : finish(answer);
    } catch (error) {
      return fail(error);
    }
  }

  /**
   * Who asks and whether they may, for transports that take a request off HTTP (WebSocket upgrades). The call's trail is
   * theirs to end.
   * @throws StatusError 401 or 403
   */
  async admit(request: ServerRequest): Promise<ApiCall> {
    const passage = this.#passage(request);
    const info = requestInfo(request.method, request.url);
    passage.info = info;
    try {
      const user = this.#identity(await this.#asked(passage), passage);
      return this.#authorized(passage, info, this.#acting(passage, info, user));
    } catch (error) {
      refuseTrail(passage.trail, error);
      throw error;
    }
  }

  /** Notes that an admitted connection did not leave HTTP after all. */
  refuseUpgrade({ trail }: ApiCall, error: unknown): void {
    refuseTrail(trail, error);
  }

  /** Notes a connection that leaves HTTP until it closes. */
  followUpgrade({ user, info, trail }: ApiCall, socket: Duplex): void {
    const close = this.options.presence?.open(user, info, () => socket.destroy());
    trail?.started(SWITCHING_PROTOCOLS);
    socket.once('close', () => {
      close?.();
      trail?.completed(SWITCHING_PROTOCOLS);
    });
  }

  #passage(request: ServerRequest): Passage {
    return {
      request,
      auditId: headerValue(request, 'audit-id')?.slice(0, LONGEST_AUDIT_ID) || this.options.random.uuid(),
      warnings: [],
      started: this.options.clock.monotonic(),
      info: undefined,
      trail: undefined,
      user: undefined,
      ticket: undefined,
    };
  }

  #authenticated(
    passage: Passage,
    next: (user: UserInfo) => ServerResponse | Promise<ServerResponse>,
  ): ServerResponse | Promise<ServerResponse> {
    const found = this.#asked(passage);
    return found instanceof Promise
      ? found.then((user) => next(this.#identity(user, passage)))
      : next(this.#identity(found, passage));
  }

  #asked({ request, warnings }: Passage): ReturnType<Authenticator['authenticate']> {
    return this.options.authenticator.authenticate(request.credentials, (message) => warnings.push(message));
  }

  /** A client certificate that nobody trusts is a failed authentication, unless other credentials were good. */
  #identity(user: UserInfo | undefined, passage: Passage): UserInfo {
    const { request, info, auditId } = passage;
    const known = user === ANONYMOUS && request.certificateRejected ? undefined : user;
    const { access, clock } = this.options;
    access?.authenticated(known?.name, clock.monotonic() - passage.started);
    if (info) passage.trail = this.options.audit?.begin(auditId, request, info, known ?? NOBODY);
    if (!known) throw statusErrors.unauthorized();
    passage.user = known;
    return known;
  }

  /** Whom the caller acts as. @throws StatusError 403 */
  #acting(passage: Passage, info: RequestInfo, user: UserInfo): UserInfo {
    const other = this.#impersonation.of(passage.request.headers, () => attributesOf(user, info));
    if (!other) return user;
    passage.trail?.actingAs(other);
    passage.user = other.user;
    return other.user;
  }

  /** @throws StatusError 403 */
  #authorized(passage: Passage, info: RequestInfo, acting: UserInfo): ApiCall {
    const { request, warnings, trail } = passage;
    this.#authorize(acting, info, trail);
    this.options.presence?.seen(acting, info, request);
    return { request, info, user: acting, warnings, trail };
  }

  #serve(passage: Passage, info: RequestInfo, user: UserInfo): ServerResponse | Promise<ServerResponse> {
    const { request } = passage;
    const acting = this.#acting(passage, info, user);
    const authorized = (): ApiCall => this.#authorized(passage, info, acting);
    if (request.credentials.busUser !== undefined) return this.options.handler(authorized());
    request.identified?.(user.name);
    const ticket = this.flow.ticket(acting, info, () => request.isGone());
    passage.ticket = ticket;
    const refused = (error: unknown): ServerResponse => {
      if (error instanceof FlowRefused) return tooManyRequests(ticket);
      throw error;
    };
    try {
      const answer =
        ticket.kind === 'mutating' && WITH_BODY.has(request.method)
          ? this.#serveWithBody(authorized, request, ticket)
          : this.flow.run(ticket, () => this.#answered(authorized(), ticket.user));
      return answer instanceof Promise ? answer.catch(refused) : answer;
    } catch (error) {
      return refused(error);
    }
  }

  /** The body is read before a seat is taken: who sends slowly keeps nobody out. */
  #serveWithBody(
    authorized: () => ApiCall,
    request: ServerRequest,
    ticket: FlowTicket,
  ): ServerResponse | Promise<ServerResponse> {
    const { bodies } = this.flow;
    let held = 0;
    const hold = (bytes: number): boolean => {
      if (!bodies.take(ticket.user, bytes)) return false;
      held += bytes;
      return true;
    };
    const serve = (call: ApiCall): ServerResponse | Promise<ServerResponse> => {
      const handle = (): ServerResponse | Promise<ServerResponse> =>
        this.flow.run(ticket, () => this.#answered(call, ticket.user));
      const body = readAhead(request, hold);
      return body ? body.then(handle).finally(() => bodies.give(ticket.user, held)) : handle();
    };
    const call = this.flow.run({ ...ticket, seats: 0 }, authorized);
    return call instanceof Promise ? call.then(serve) : serve(call);
  }

  #answered(call: ApiCall, user: string): ServerResponse | Promise<ServerResponse> {
    const answer = this.options.handler(call);
    if (answer instanceof Promise) return answer.then((response) => this.#counted(user, response));
    return this.#counted(user, answer);
  }

  /** Large answers count until their readers have taken them. */
  #counted(user: string, response: ServerResponse): ServerResponse {
    if (isStream(response)) return response;
    const size = sizeOf(response);
    if (size >= FlowLimits.largeAnswer) response.sent = this.flow.sending(user, size);
    return response;
  }

  #authorize(user: UserInfo, info: RequestInfo, trail: AuditTrail | undefined): void {
    const attributes = attributesOf(user, info);
    const { authorizer, access, clock } = this.options;
    const began = access ? clock.monotonic() : 0;
    const decision = authorizer.authorize(attributes);
    access?.authorized(decision, clock.monotonic() - began);
    trail?.decided(decision);
    if (decision.verdict === 'allow') return;
    throw statusErrors.forbidden(info, info.name, forbiddenMessage(attributes, decision.reason));
  }

  #failure(error: unknown, { request, trail }: Passage): FixedResponse | Promise<FixedResponse> {
    const { logger, errorResponse = statusResponse } = this.options;
    const status = statusErrorOf(error);
    if (status) {
      trail?.refused(status);
      return errorResponse(status, request);
    }
    logger.error('request failed', { method: request.method, path: pathOf(request.url), error });
    const internal = statusErrors.internal(error instanceof Error ? error.message : String(error));
    trail?.panicked(internal);
    return errorResponse(internal, request);
  }

  #finish(
    { request, info, auditId, warnings, started, trail, user, ticket }: Passage,
    response: ServerResponse,
  ): ServerResponse {
    const { headers } = response;
    // What takes a seat is told whose it was; connections that last are none of flow control's.
    if (ticket && ticket.seats > 0) Object.assign(headers, ticket.schema.headers);
    headers['audit-id'] = auditId;
    headers['cache-control'] ??= 'no-cache, private';
    if (warnings.length > 0) headers.warning = warningHeaders(warnings);
    const took = this.options.clock.monotonic() - started;
    this.options.metrics.observe(
      request.method,
      info,
      response.code,
      took,
      isStream(response) ? undefined : sizeOf(response),
    );
    const followed = trail ? trail.answered(response) : response;
    const { presence } = this.options;
    if (!info || !isStream(followed)) return followed;
    const counted = this.#countedWhileItLasts(request.method, info, followed);
    return presence && user ? presence.followed(user, info, counted) : counted;
  }
  #countedWhileItLasts(method: string, info: RequestInfo, response: StreamResponse): StreamResponse {
    return {
      ...response,
      stream: async (sink) => {
        const lasting = this.options.metrics.longRunning(method, info);
        try {
          await response.stream(sink);
        } finally {
          lasting.ended();
        }
      },
    };
  }
}

function sizeOf({ body }: FixedResponse): number {
  let size = 0;
  for (const part of body) size += part.length;
  return size;
}

/** In plain text, as upstream's filters refuse. */
function tooManyRequests({ schema: { level } }: FlowTicket): FixedResponse {
  return textResponse(429, 'Too many requests, please try again later.\n', {
    'retry-after': String(level.retryAfter.seconds),
    'x-content-type-options': 'nosniff',
  });
}

/** Begins to read the body; undefined when it is there already, or its length alone is an error that the handler tells. */
function readAhead(request: ServerRequest, hold: HoldBytes): Promise<Uint8Array> | undefined {
  try {
    const body = request.body(hold);
    return body instanceof Promise ? body : undefined;
  } catch {
    return undefined;
  }
}

function refuseTrail(trail: AuditTrail | undefined, error: unknown): void {
  const refusal = statusErrorOf(error);
  if (refusal) trail?.refused(refusal);
  trail?.completed(refusal?.status.code ?? 500);
}

function pathOf(url: string): string {
  const mark = url.indexOf('?');
  return mark < 0 ? url : url.slice(0, mark);
}
