/**
 * GET of one object (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/get.go). Answers without waiting.
 */
import { statusErrors } from '@regatta/api';
import type { Resource } from '../registry/resource.ts';
import { storageOf } from '../registry/write-request.ts';
import type { ApiCall } from '../server/api-call.ts';
import type { ServerResponse } from '../server/exchange.ts';
import type { StoredObject } from '../storage/object-storage.ts';
import type { HandlerEnvironment } from './environment.ts';
import { negotiate, OBJECT_VIEWS } from './negotiation.ts';
import { revisionOrUnknown, tooLargeResourceVersion } from './resource-version.ts';
import { sendObject, whenEncodable } from './respond.ts';

export function getObject(
  env: HandlerEnvironment,
  call: ApiCall,
  resource: Resource,
): ServerResponse | Promise<ServerResponse> {
  const { query } = call.info;
  const negotiated = negotiate(call.request, query, OBJECT_VIEWS, resource.custom !== undefined);
  const answer = (stored: StoredObject): ServerResponse | Promise<ServerResponse> =>
    whenEncodable(negotiated, () =>
      sendObject(resource, { object: stored.object, stored }, negotiated, 200, env.tables),
    );
  const stored = readObject(env, call, resource);
  return stored instanceof Promise ? stored.then(answer) : answer(stored);
}

/** The object that the URL names. @throws StatusError 404, 500, 504 */
export function readObject(
  env: HandlerEnvironment,
  call: ApiCall,
  resource: Resource,
): StoredObject | Promise<StoredObject> {
  const { name, namespace, query } = call.info;
  const storage = storageOf(env.registry, resource);
  const asked = revisionOrUnknown(query.get('resourceVersion') ?? '');
  if (asked !== undefined && asked > storage.currentRevision)
    throw tooLargeResourceVersion(asked, storage.currentRevision);
  const found = (stored: StoredObject | undefined): StoredObject => {
    if (!stored) throw statusErrors.notFound(resource, name);
    return stored;
  };
  const stored = storage.fetch(resource.key(namespace, name));
  return stored instanceof Promise ? stored.then(found) : found(stored);
}
