/**
 * Resource versions in requests: read, and compared with what the server has
 * (upstream: staging/src/k8s.io/apiserver/pkg/storage/{api_object_versioner,errors}.go).
 */
import { type Status, StatusError, statusErrors } from '@regatta/api';

/** A resource version as a revision. Undefined for the empty text. */
export function parseResourceVersion(text: string): number | undefined | { readonly problem: string } {
  if (text === '') return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  const why = /^\d+$/.test(text) ? 'value out of range' : 'invalid syntax';
  const quoted = JSON.stringify(text);
  return { problem: `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: ${why}` };
}

/** As get and watch answer it: a 500 without a reason. @throws StatusError */
export function revisionOrUnknown(text: string): number | undefined {
  const parsed = parseResourceVersion(text);
  if (typeof parsed === 'object') throw statusErrors.unknown(parsed.problem);
  return parsed;
}

/** As list answers it: a bad request. @throws StatusError */
export function revisionOrBadRequest(text: string): number | undefined {
  const parsed = parseResourceVersion(text);
  if (typeof parsed === 'object') throw statusErrors.badRequest(`invalid resource version: ${parsed.problem}`);
  return parsed;
}

/** What is asked for has not happened yet. */
export function tooLargeResourceVersion(asked: number, current: number): StatusError {
  const { status } = statusErrors.timeout(`Too large resource version: ${asked}, current: ${current}`, 1);
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  const marked: Status = { ...status, details: { causes, retryAfterSeconds: 1 } };
  return new StatusError(marked);
}
