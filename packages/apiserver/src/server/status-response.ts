/**
 * Errors as answers. Here, and nowhere else, what was thrown becomes an API Status
 * (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/{status,errors}.go).
 */
import { StatusError, statusErrors } from '@regatta/api';
import { StoreError } from '@regatta/store';
import { StorageError } from '../storage/object-storage.ts';
import type { FixedResponse, ResponseHeaders } from './exchange.ts';

/** What a lost race is called (upstream: OptimisticLockErrorMsg of the generic registry). */
export const OPTIMISTIC_LOCK =
  'the object has been modified; please apply your changes to the latest version and try again';

/** The StatusError that stands for whatever was thrown; undefined when it is a defect of this server. */
export function statusErrorOf(error: unknown): StatusError | undefined {
  if (error instanceof StatusError) return error;
  if (error instanceof StorageError) return ofStorage(error);
  if (error instanceof StoreError) return ofStore(error);
  if (error instanceof URIError) return statusErrors.badRequest(error.message);
  return undefined;
}

/** A race that handlers did not resolve: they translate `exists` with the object's name themselves. */
function ofStorage(error: StorageError): StatusError {
  const parts = error.key.split('/');
  const gr = { group: '', resource: parts.at(-3) ?? '' };
  return statusErrors.conflict(gr, parts.at(-1) ?? '', OPTIMISTIC_LOCK);
}

function ofStore(error: StoreError): StatusError | undefined {
  switch (error.code) {
    case 'compacted':
      return statusErrors.expired('The resourceVersion for the provided list is too old.');
    case 'too-large':
      return statusErrors.requestEntityTooLarge('limit is 3145728');
    case 'overloaded':
      return statusErrors.tooManyRequests('etcdserver: too many requests', 1);
    case 'closed':
      return statusErrors.serviceUnavailable('the storage is closed');
    // As upstream answers for an etcd that has no space left or raised the corrupt alarm: 500 with its words.
    case 'disk':
    case 'corrupt':
      return statusErrors.unknown(error.message);
    default:
      return undefined;
  }
}

/** A Status as JSON. */
export function statusResponse(error: StatusError): FixedResponse {
  const headers: ResponseHeaders = { 'content-type': 'application/json' };
  const retry = error.status.details?.retryAfterSeconds;
  if (retry) headers['retry-after'] = String(retry);
  return { code: error.code, headers, body: [Buffer.from(`${JSON.stringify(error.status)}\n`)] };
}

export function textResponse(code: number, text: string, headers: ResponseHeaders = {}): FixedResponse {
  return { code, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: [Buffer.from(text)] };
}

/** A path that nothing serves. */
export function notFoundPage(): FixedResponse {
  return textResponse(404, '404 page not found\n', { 'x-content-type-options': 'nosniff' });
}
