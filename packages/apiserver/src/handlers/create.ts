/**
 * POST to a collection (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/create.go).
 */

import { createObject } from '../registry/create-object.ts';
import type { Resource } from '../registry/resource.ts';
import type { ApiCall } from '../server/api-call.ts';
import type { ServerResponse } from '../server/exchange.ts';
import { decodeObject, parseBody } from './decode-body.ts';
import { type HandlerEnvironment, writeRequest } from './environment.ts';
import { negotiate, OBJECT_VIEWS } from './negotiation.ts';
import { writeOptions } from './query-options.ts';
import { sendObject, whenEncodable } from './respond.ts';

export async function postObject(env: HandlerEnvironment, call: ApiCall, resource: Resource): Promise<ServerResponse> {
  const { query } = call.info;
  const negotiated = negotiate(call.request, query, OBJECT_VIEWS, resource.custom !== undefined);
  const bytes = await call.request.body();
  const options = writeOptions('CreateOptions', query);
  const body = await parseBody(call.request, bytes);
  const request = writeRequest(call, resource, '', options);
  const object = decodeObject(resource, body, options.fieldValidation, request.warn);
  const written = await createObject(env.registry, request, object);
  call.trail?.made(written.object.metadata.name);
  return whenEncodable(negotiated, () => sendObject(resource, written, negotiated, 201, env.tables));
}
