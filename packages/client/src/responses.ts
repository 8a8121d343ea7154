/**
 * What every request and answer have in common: headers, decoding, and turning a Status into a StatusError.
 */
import { type Status, type StatusError, statusErrorFrom } from '@regatta/api';
import type { ApiResponse } from '@regatta/bus';
import { jsonCodec } from './transport/json-codec.ts';
import type { Transport, TransportRequest } from './transport/transport.ts';

export function requestHeaders(
  transport: Transport,
  userAgent: string,
  request: TransportRequest,
): Readonly<Record<string, string>> {
  const { mediaType } = transport.codec;
  const own = { accept: mediaType, 'user-agent': userAgent };
  return request.body === undefined
    ? { ...own, ...request.headers }
    : { ...own, 'content-type': mediaType, ...request.headers };
}

/** The decoded body of a 2xx answer. @throws StatusError for any other */
export function decodeResponse(transport: Transport, response: ApiResponse): unknown {
  if (response.code < 200 || response.code > 299) throw responseError(transport, response);
  return response.body.length === 0 ? undefined : decodeBody(transport, response);
}

/** The error that an answer stands for, also when its body is not a Status (a proxy's, a truncated one). */
export function responseError(transport: Transport, response: ApiResponse): StatusError {
  return statusErrorFrom(statusOf(transport, response) ?? unknownStatus(response));
}

function statusOf(transport: Transport, response: ApiResponse): Status | undefined {
  try {
    const body = decodeBody(transport, response);
    return isStatus(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

function isStatus(body: unknown): body is Status {
  return typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Status';
}

/** As client-go's errors.NewGenericServerResponse for what it can't read. */
function unknownStatus({ code, body }: ApiResponse): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    code,
    reason: code === 404 ? 'NotFound' : code === 503 ? 'ServiceUnavailable' : 'Unknown',
    message: code === 404 ? 'the server could not find the requested resource' : new TextDecoder().decode(body),
  };
}

function decodeBody(transport: Transport, response: ApiResponse): unknown {
  const isJson = response.headers['content-type']?.startsWith('application/json');
  return (isJson ? jsonCodec : transport.codec).decode(response.body);
}
