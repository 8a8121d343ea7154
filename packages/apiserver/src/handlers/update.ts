/**
 * PUT of an object or its status (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/update.go).
 */
import { type KubeObject, statusErrors } from '@regatta/api';
import { ensureNamespace } from '../registry/object-metadata.ts';
import type { Resource } from '../registry/resource.ts';
import { type UpdatePlan, updateObject } from '../registry/update-object.ts';
import type { ApiCall } from '../server/api-call.ts';
import type { ServerResponse } from '../server/exchange.ts';
import { decodeObject, parseBody } from './decode-body.ts';
import { type HandlerEnvironment, writeRequest } from './environment.ts';
import { negotiate, OBJECT_VIEWS } from './negotiation.ts';
import { writeOptions } from './query-options.ts';
import { sendObject, whenEncodable } from './respond.ts';

/** How a subresource that takes whole objects writes them. */
export type PlanOf = (wanted: UpdatePlan['next'], resource: Resource) => UpdatePlan;

export const mainPlan: PlanOf = (next, resource) => ({
  next,
  part: 'main',
  mayCreate: resource.createsOnUpdate,
});

export const statusPlan: PlanOf = (next) => ({ next, part: 'status', mayCreate: false });

export async function putObject(
  env: HandlerEnvironment,
  call: ApiCall,
  resource: Resource,
  planOf: PlanOf,
): Promise<ServerResponse> {
  const { query, name } = call.info;
  const negotiated = negotiate(call.request, query, OBJECT_VIEWS, resource.custom !== undefined);
  const bytes = await call.request.body();
  const options = writeOptions('UpdateOptions', query);
  const body = await parseBody(call.request, bytes);
  const request = writeRequest(call, resource, name, options);
  const object = decodeObject(resource, body, options.fieldValidation, request.warn);
  ensureNamespace(object, request.namespace);
  checkName(object, name);
  const written = await updateObject(env.registry, request, planOf(freshCopies(object), resource));
  const code = written.created ? 201 : 200;
  return whenEncodable(negotiated, () => sendObject(resource, written, negotiated, code, env.tables));
}

/** @throws StatusError 400 */
export function checkName(object: KubeObject, name: string): void {
  const own = object.metadata.name;
  if (!own) {
    throw statusErrors.badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (own !== name) {
    throw statusErrors.badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`);
  }
}

/** The object for the first attempt, copies for the next ones: preparing a write changes it. */
function freshCopies(object: KubeObject): () => KubeObject {
  // A resourceVersion makes the first attempt the last: a lost race is a conflict.
  if (object.metadata.resourceVersion) return () => object;
  return () => structuredClone(object);
}
