/**
 * Bodies of requests that create nothing in storage: reviews, bindings, evictions, token requests.
 */
import type { KubeObject } from '@regatta/api';
import { recordOwners } from '../../registry/field-ownership.ts';
import type { Resource } from '../../registry/resource.ts';
import { admissionAttributes } from '../../registry/write-request.ts';
import type { ApiCall } from '../../server/api-call.ts';
import type { ServerResponse } from '../../server/exchange.ts';
import { type DecodeTarget, decodeAs, parseBody } from '../decode-body.ts';
import { type HandlerEnvironment, writeRequest } from '../environment.ts';
import { type Negotiated, negotiate, OBJECT_ONLY } from '../negotiation.ts';
import { type WriteOptions, writeOptions } from '../query-options.ts';
import { sendValue, whenEncodable } from '../respond.ts';

export interface ReadCreate<T> {
  readonly object: T;
  readonly options: WriteOptions;
  readonly negotiated: Negotiated;
}

/** Negotiates, reads and decodes. @throws StatusError 400, 406, 413, 415, 422 */
export async function readCreate<T extends KubeObject>(
  env: HandlerEnvironment,
  call: ApiCall,
  target: Omit<DecodeTarget, 'typeId'>,
): Promise<ReadCreate<T>> {
  const { schema } = env.resources;
  const negotiated = negotiate(call.request, call.info.query, OBJECT_ONLY);
  const bytes = await call.request.body();
  const options = writeOptions('CreateOptions', call.info.query);
  const body = await parseBody(call.request, bytes);
  const typeId = schema.typeIdOf(target.group, target.version, target.kind);
  if (typeId === undefined) throw new Error(`the schema has no ${target.kind}`);
  const warn = (text: string): void => void call.warnings.push(text);
  const object = decodeAs(schema, { ...target, typeId }, body, options.fieldValidation, warn);
  schema.defaults(typeId)(object);
  return { object: object as T, options, negotiated };
}

/** A review: nobody keeps it, and yet its fields have an owner. @throws StatusError 400, 406, 413, 415, 422 */
export async function readOwned<T extends KubeObject>(
  env: HandlerEnvironment,
  call: ApiCall,
  resource: Resource,
  target: Omit<DecodeTarget, 'typeId'>,
): Promise<ReadCreate<T>> {
  const read = await readCreate<T>(env, call, target);
  recordOwners(env.registry, writeRequest(call, resource, '', read.options), read.object, undefined);
  return read;
}

/** Asks the admission plugins about what is posted to a subresource. @throws StatusError */
export async function admitCreate(
  env: HandlerEnvironment,
  call: ApiCall,
  resource: Resource,
  object: KubeObject,
  options: WriteOptions,
): Promise<void> {
  const request = writeRequest(call, resource, call.info.name, options);
  const attributes = { ...admissionAttributes(request, 'CREATE', object, undefined), kind: object.kind ?? '' };
  await env.registry.admission.mutate(attributes);
  await env.registry.admission.validate(attributes);
}

export function answer(negotiated: Negotiated, value: unknown, code = 201): ServerResponse | Promise<ServerResponse> {
  return whenEncodable(negotiated, () => sendValue(value, negotiated, code));
}

/** What bindings and evictions answer. */
export const SUCCESS = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } as const;
