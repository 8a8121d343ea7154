/**
 * The errors of requests that got no answer: StatusErrors, so that callers have one kind of error, with the transport's
 * own error as cause. Whether the request was carried out is not known.
 */
import { StatusError, statusErrors } from '@regatta/api';
import { BusError } from '@regatta/bus';

/** True for a request that got no answer, as opposed to one that the server refused. */
export function isUnanswered(error: unknown): boolean {
  return !(error instanceof StatusError) || (error.cause !== undefined && error.code >= 500);
}

/** @param error what the transport threw */
export function unanswered(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  return new StatusError(statusFor(error).status, { cause: error });
}

function statusFor(error: unknown): StatusError {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof BusError)) return statusErrors.serviceUnavailable(message);
  switch (error.code) {
    case 'timeout':
      return statusErrors.timeout(message, 0);
    case 'overloaded':
      return statusErrors.tooManyRequests('Too many requests, please try again later.', 1);
    case 'too-large':
      return statusErrors.requestEntityTooLarge(message);
    case 'denied':
      return statusErrors.forbidden({ group: '', resource: '' }, '', message);
    default:
      return statusErrors.serviceUnavailable(message);
  }
}
