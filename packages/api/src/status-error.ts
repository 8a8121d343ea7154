/**
 * Errors that are Status objects (upstream: k8s.io/apimachinery/pkg/api/errors): thrown by the apiserver's parts, answered
 * as they are, and thrown again by clients. Nobody reads `message`; callers ask isNotFound(e) and the like.
 */
import {
  aggregateMessage,
  type FieldError,
  fieldErrorBody,
  fieldErrorReason,
  formatFieldError,
} from './field-error.ts';
import type { Status, StatusCause, StatusDetails } from './generated/kinds.ts';
import { goQuote } from './go-quote.ts';
import { type GroupResource, resourceName } from './group-resource.ts';

export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly status: Status;

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? 'unknown error', options);
    this.name = 'StatusError';
    this.status = status;
    this.code = status.code ?? 500;
    this.reason = status.reason ?? '';
  }
}

/** The error of a failure Status, as a client received it. */
export function statusErrorFrom(status: Status): StatusError {
  return new StatusError(status);
}

const hasReason =
  (...reasons: string[]) =>
  (e: unknown): e is StatusError =>
    e instanceof StatusError && reasons.includes(e.reason);

export const isNotFound: (e: unknown) => e is StatusError = hasReason('NotFound');
export const isAlreadyExists: (e: unknown) => e is StatusError = hasReason('AlreadyExists');
export const isConflict: (e: unknown) => e is StatusError = hasReason('Conflict');
export const isInvalid: (e: unknown) => e is StatusError = hasReason('Invalid');
export const isForbidden: (e: unknown) => e is StatusError = hasReason('Forbidden');
export const isUnauthorized: (e: unknown) => e is StatusError = hasReason('Unauthorized');
export const isBadRequest: (e: unknown) => e is StatusError = hasReason('BadRequest');
export const isTooManyRequests: (e: unknown) => e is StatusError = hasReason('TooManyRequests');
/** 410: what was asked for is gone from history (Expired) or for good (Gone). */
export const isGone: (e: unknown) => e is StatusError = hasReason('Expired', 'Gone');

function failure(code: number, reason: string, message: string, details?: StatusDetails): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason === '' ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  });
}

/** Details that name an object; empty parts are left out, as upstream's omitempty does. */
function about(group: string, kind: string, name: string, more: Partial<StatusDetails> = {}): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { group }),
    ...(kind === '' ? {} : { kind }),
    ...more,
  };
}

function forbidden(gr: GroupResource, name: string, why: string): StatusError {
  const subject = gr.resource === '' && gr.group === '' ? '' : resourceName(gr);
  const head = subject === '' ? 'forbidden' : `${subject}${name === '' ? '' : ` ${goQuote(name)}`} is forbidden`;
  return failure(403, 'Forbidden', `${head}: ${why}`, about(gr.group, gr.resource, name));
}

/** @param kind the kind's name without its group, as upstream's GroupKind */
function invalid(group: string, kind: string, name: string, errors: readonly FieldError[]): StatusError {
  const causes: StatusCause[] = errors.map((e) => ({
    reason: fieldErrorReason(e),
    message: fieldErrorBody(e),
    field: e.field,
  }));
  const qualified = group === '' ? kind : `${kind}.${group}`;
  const tail = errors.length === 0 ? '' : `: ${aggregateMessage(errors.map(formatFieldError))}`;
  const details = about(group, kind, name, causes.length > 0 ? { causes } : {});
  return failure(422, 'Invalid', `${qualified} ${goQuote(name)} is invalid${tail}`, details);
}

function retry(seconds: number): Partial<StatusDetails> {
  return seconds > 0 ? { retryAfterSeconds: seconds } : {};
}

export const statusErrors = {
  badRequest: (message: string): StatusError => failure(400, 'BadRequest', message),
  unauthorized: (message = 'Unauthorized'): StatusError => failure(401, 'Unauthorized', message),
  forbidden,
  notFound: ({ group, resource }: GroupResource, name: string): StatusError =>
    failure(
      404,
      'NotFound',
      `${resourceName({ group, resource })} ${goQuote(name)} not found`,
      about(group, resource, name),
    ),
  /** An URL path that names no resource. */
  genericNotFound: (): StatusError => failure(404, 'NotFound', 'the server could not find the requested resource', {}),
  /** A verb that a path doesn't have. */
  genericMethodNotAllowed: (): StatusError =>
    failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {}),
  /** In words of one's own. */
  methodRefused: (message: string): StatusError => failure(405, 'MethodNotAllowed', message, {}),
  methodNotSupported: (gr: GroupResource | undefined, action: string): StatusError => {
    const { group, resource } = gr ?? { group: '', resource: '' };
    return failure(
      405,
      'MethodNotAllowed',
      `${action} is not supported on resources of kind ${goQuote(resourceName({ group, resource }))}`,
      about(group, resource, ''),
    );
  },
  alreadyExists: ({ group, resource }: GroupResource, name: string): StatusError =>
    failure(
      409,
      'AlreadyExists',
      `${resourceName({ group, resource })} ${goQuote(name)} already exists`,
      about(group, resource, name),
    ),
  generateNameConflict: ({ group, resource }: GroupResource, name: string, retryAfterSeconds: number): StatusError =>
    failure(
      409,
      'AlreadyExists',
      `${resourceName({ group, resource })} ${goQuote(name)} already exists, the server was not able to generate a unique name for the object`,
      about(group, resource, name, retry(retryAfterSeconds)),
    ),
  conflict: ({ group, resource }: GroupResource, name: string, why: string): StatusError =>
    failure(
      409,
      'Conflict',
      `Operation cannot be fulfilled on ${resourceName({ group, resource })} ${goQuote(name)}: ${why}`,
      about(group, resource, name),
    ),
  /** Server-side apply: what other managers own. */
  applyConflict: (message: string, causes: StatusCause[]): StatusError => failure(409, 'Conflict', message, { causes }),
  invalid,
  expired: (message: string): StatusError => failure(410, 'Expired', message),
  gone: (message: string): StatusError => failure(410, 'Gone', message),
  tooManyRequests: (message: string, retryAfterSeconds: number): StatusError =>
    failure(429, 'TooManyRequests', message, retry(retryAfterSeconds)),
  notAcceptable: (message: string): StatusError => failure(406, 'NotAcceptable', message),
  /** A path that has none of the forms that are asked for, as go-restful's router says it. */
  noSuchRepresentation: (available: readonly string[]): StatusError =>
    failure(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${available.join(', ')}`, {}),
  unsupportedMediaType: (message: string): StatusError => failure(415, 'UnsupportedMediaType', message),
  requestEntityTooLarge: (message: string): StatusError =>
    failure(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`),
  timeout: (message: string, retryAfterSeconds: number): StatusError =>
    failure(504, 'Timeout', `Timeout: ${message}`, retry(retryAfterSeconds)),
  serverTimeout: ({ group, resource }: GroupResource, operation: string, retryAfterSeconds: number): StatusError =>
    failure(
      500,
      'ServerTimeout',
      `The ${operation} operation against ${resourceName({ group, resource })} could not be completed at this time, please try again.`,
      about(group, resource, operation, retry(retryAfterSeconds)),
    ),
  serviceUnavailable: (message: string): StatusError => failure(503, 'ServiceUnavailable', message),
  internal: (message: string): StatusError =>
    failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] }),
  /** An upstream error that carries no status of its own: 500 without a reason. */
  unknown: (message: string): StatusError => failure(500, '', message),
} as const;
