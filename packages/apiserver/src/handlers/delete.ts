/**
 * DELETE of an object and of a collection (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/delete.go).
 */
import { type DeleteOptions as DeleteOptionsBody, statusErrors } from '@regatta/api';
import { type Deleted, deleteObject } from '../registry/delete-object.ts';
import { type DeleteOptions, deleteOptionErrors } from '../registry/delete-options.ts';
import type { Resource } from '../registry/resource.ts';
import type { WriteRequest } from '../registry/write-request.ts';
import { storageOf } from '../registry/write-request.ts';
import type { ApiCall } from '../server/api-call.ts';
import type { ServerResponse } from '../server/exchange.ts';
import { queryFlag } from '../server/request-info.ts';
import type { StoredObject } from '../storage/object-storage.ts';
import { decodeAs, type ParsedBody, parseBody } from './decode-body.ts';
import { type HandlerEnvironment, writeRequest } from './environment.ts';
import { limited, readList } from './list.ts';
import { negotiate, OBJECT_VIEWS } from './negotiation.ts';
import { dryRunErrors, integer, invalidOptions, listOptions } from './query-options.ts';
import { sendList, sendObject, sendValue, whenEncodable } from './respond.ts';
import { selectionOf } from './selection.ts';

/** Objects of a collection that are deleted at the same time: their writes share a batch of the store. */
const DELETE_WORKERS = 32;

export async function deleteNamed(env: HandlerEnvironment, call: ApiCall, resource: Resource): Promise<ServerResponse> {
  const { query, name } = call.info;
  const negotiated = negotiate(call.request, query, OBJECT_VIEWS, resource.custom !== undefined);
  const options = await deleteOptions(env, call);
  const request = writeRequest(call, resource, name, options);
  const deleted = await deleteObject(env.registry, request, options);
  const code = accepted(deleted, options) ? 202 : 200;
  return whenEncodable(negotiated, () =>
    deleted.gone && !resource.returnsDeleted
      ? sendValue(successStatus(resource, deleted), negotiated, code)
      : sendObject(resource, deleted, negotiated, code, env.tables),
  );
}

/** Those who asked to wait for dependents are told that it has only begun. */
function accepted(deleted: Deleted, options: DeleteOptions): boolean {
  return !deleted.gone && (options.orphanDependents === false || options.propagationPolicy === 'Foreground');
}

function successStatus(resource: Resource, deleted: Deleted): object {
  const { name, uid } = deleted.object.metadata;
  const details = {
    name,
    ...(resource.hub.group ? { group: resource.hub.group } : {}),
    kind: resource.hub.resource,
    ...(uid ? { uid } : {}),
  };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

export async function deleteCollection(
  env: HandlerEnvironment,
  call: ApiCall,
  resource: Resource,
): Promise<ServerResponse> {
  const { query } = call.info;
  const negotiated = negotiate(call.request, query, OBJECT_VIEWS, resource.custom !== undefined);
  const list = listOptions(query, false);
  const options = await deleteOptions(env, call);
  const selection = selectionOf(resource, list.labelSelector, list.fieldSelector);
  const { namespace } = call.info;
  const { items, revision } = await readList(
    storageOf(env.registry, resource),
    resource.prefix(namespace),
    limited(list, resource, namespace, selection),
    selection,
  );
  await deleteAll(env, call, resource, options, items);
  return whenEncodable(negotiated, () =>
    sendList(resource, items, { resourceVersion: String(revision) }, negotiated, env.tables),
  );
}

async function deleteAll(
  env: HandlerEnvironment,
  call: ApiCall,
  resource: Resource,
  options: DeleteOptions,
  items: readonly StoredObject[],
): Promise<void> {
  const left = items[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (const { object } of left) {
      const { name, namespace = '' } = object.metadata;
      const request: WriteRequest = { ...writeRequest(call, resource, name, options), namespace };
      await deleteObject(env.registry, request, options).catch(ignoreNotFound);
    }
  };
  await Promise.all(Array.from({ length: Math.min(DELETE_WORKERS, items.length) }, work));
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 404)) throw error;
}

/** From the body where there is one, else from the query. @throws StatusError 400, 422 */
export async function deleteOptions(env: HandlerEnvironment, call: ApiCall): Promise<DeleteOptions> {
  const bytes = await call.request.body();
  const options = bytes.length > 0 ? ofBody(env, await parseBody(call.request, bytes)) : ofQuery(call.info.query);
  const errors = [...deleteOptionErrors(options), ...dryRunErrors(options.dryRunValues)];
  if (errors.length > 0) throw invalidOptions('DeleteOptions', errors);
  return options;
}

type ReadOptions = DeleteOptions & { readonly dryRunValues: readonly string[] };

function ofQuery(query: URLSearchParams): ReadOptions {
  const dryRunValues = query.getAll('dryRun');
  return {
    dryRunValues,
    dryRun: dryRunValues.includes('All'),
    gracePeriodSeconds: integer(query.get('gracePeriodSeconds')),
    propagationPolicy: query.get('propagationPolicy') ?? undefined,
    orphanDependents: query.has('orphanDependents') ? queryFlag(query, 'orphanDependents') : undefined,
    uid: query.get('preconditions.uid') ?? undefined,
    resourceVersion: query.get('preconditions.resourceVersion') ?? undefined,
  };
}

function ofBody(env: HandlerEnvironment, body: ParsedBody): ReadOptions {
  const { schema } = env.resources;
  const typeId = schema.typeIdOf('', 'v1', 'DeleteOptions');
  if (typeId === undefined) throw statusErrors.internal('the schema has no DeleteOptions');
  const target = { kind: 'DeleteOptions', group: '', version: 'v1', typeId };
  const value = decodeAs(schema, target, ofAnyGroup(body), 'Ignore', () => {}) as unknown as DeleteOptionsBody;
  return {
    dryRunValues: value.dryRun ?? [],
    dryRun: (value.dryRun ?? []).includes('All'),
    gracePeriodSeconds: value.gracePeriodSeconds,
    propagationPolicy: value.propagationPolicy,
    orphanDependents: value.orphanDependents,
    uid: value.preconditions?.uid,
    resourceVersion: value.preconditions?.resourceVersion,
  };
}

/** DeleteOptions are registered in every group: client libraries send them in the group of what they delete. */
function ofAnyGroup(body: ParsedBody): ParsedBody {
  const { value } = body;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return body;
  const kind: unknown = Reflect.get(value, 'kind');
  return kind === undefined || kind === 'DeleteOptions' ? { ...body, value: { ...value, apiVersion: 'v1' } } : body;
}
