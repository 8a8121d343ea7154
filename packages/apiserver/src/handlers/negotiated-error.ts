/**
 * Errors in the encoding that the client accepts; JSON for whoever accepts nothing that we have
 * (upstream: ErrorNegotiated in staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/writers.go).
 */
import type { StatusError } from '@regatta/api';
import type { FixedResponse, ServerRequest } from '../server/exchange.ts';
import { statusResponse } from '../server/status-response.ts';
import { encodings } from './encodings.ts';
import { type Negotiated, negotiateError } from './negotiation.ts';
import { whenEncodable } from './respond.ts';

export function negotiatedError(error: StatusError, request: ServerRequest): FixedResponse | Promise<FixedResponse> {
  const response = statusResponse(error);
  const negotiated = acceptedForm(request);
  if (!negotiated) return { ...response, body: [Buffer.from(JSON.stringify(error.status, undefined, 2))] };
  // Components on the bus read Statuses as JSON, which needs no library on either side.
  if (negotiated.encoding === encodings.msgpack) return response;
  const { encoding, pretty } = negotiated;
  const encoded = (): FixedResponse => ({
    ...response,
    headers: { ...response.headers, 'content-type': encoding.mediaType },
    body: [encoding.encode(error.status, pretty)],
  });
  return whenEncodable(negotiated, encoded);
}

function acceptedForm(request: ServerRequest): Negotiated | undefined {
  const question = request.url.indexOf('?');
  return negotiateError(request, new URLSearchParams(question < 0 ? '' : request.url.slice(question + 1)));
}
