/**
 * From request info to the handler of its verb (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/installer.go).
 * Lookups are maps; which verbs a resource has comes from the facts.
 */
import { statusErrors } from '@regatta/api';
import type { Resource } from '../registry/resource.ts';
import type { ApiCall } from '../server/api-call.ts';
import type { ServerResponse } from '../server/exchange.ts';
import { notFoundPage } from '../server/status-response.ts';
import { isApply } from './apply/apply-config.ts';
import { applyScale } from './apply/apply-scale.ts';
import { postObject } from './create.ts';
import { deleteCollection, deleteNamed } from './delete.ts';
import type { HandlerEnvironment } from './environment.ts';
import { getObject } from './get.ts';
import { listObjects } from './list.ts';
import { patchObject } from './patch.ts';
import { getScale, writeScale } from './scale.ts';
import { mainPlan, putObject, statusPlan } from './update.ts';
import { watchObjects } from './watch.ts';

export type ResourceHandler = (
  env: HandlerEnvironment,
  call: ApiCall,
  resource: Resource,
) => ServerResponse | Promise<ServerResponse>;

/** Handlers of paths that the generic verbs don't fit: `group/resource` or `group/resource/subresource`. */
export type SpecialHandlers = ReadonlyMap<string, ResourceHandler>;

const MAIN: ReadonlyMap<string, ResourceHandler> = new Map<string, ResourceHandler>([
  ['get', getObject],
  ['list', listObjects],
  ['watch', watchObjects],
  ['create', postObject],
  ['update', (env, call, resource) => putObject(env, call, resource, mainPlan)],
  ['patch', (env, call, resource) => patchObject(env, call, resource, mainPlan)],
  ['delete', deleteNamed],
  ['deletecollection', deleteCollection],
]);

const STATUS: ReadonlyMap<string, ResourceHandler> = new Map<string, ResourceHandler>([
  ['get', getObject],
  ['update', (env, call, resource) => putObject(env, call, resource, statusPlan)],
  ['patch', (env, call, resource) => patchObject(env, call, resource, statusPlan)],
]);

const SCALE: ReadonlyMap<string, ResourceHandler> = new Map<string, ResourceHandler>([
  ['get', getScale],
  ['update', writeScale],
  ['patch', (env, call, resource) => (isApply(call) ? applyScale : writeScale)(env, call, resource)],
]);

const GENERIC_SUBRESOURCES: ReadonlyMap<string, ReadonlyMap<string, ResourceHandler>> = new Map([
  ['status', STATUS],
  ['scale', SCALE],
]);

export function dispatch(
  env: HandlerEnvironment,
  special: SpecialHandlers,
  call: ApiCall,
): ServerResponse | Promise<ServerResponse> {
  const { info } = call;
  const resource = env.resources.get(info.group, info.version, info.resource);
  if (!resource) {
    if (!env.resources.hasGroup(info.group)) return notFoundPage();
    throw statusErrors.genericNotFound();
  }
  if (resource.deprecation) call.warnings.push(resource.deprecation);
  const handler = info.subresource === '' ? mainHandler(special, call, resource) : subHandler(special, call, resource);
  const loading = resource.strategy.load?.();
  return loading ? loading.then(() => handler(env, call, resource)) : handler(env, call, resource);
}

function mainHandler(special: SpecialHandlers, call: ApiCall, resource: Resource): ResourceHandler {
  const { info, request } = call;
  checkPlace(resource, call);
  if (!resource.info.verbs.has(info.verb) || request.method === 'HEAD') throw statusErrors.genericMethodNotAllowed();
  const handler = special.get(`${resource.group}/${resource.resource}`) ?? MAIN.get(info.verb);
  if (!handler) throw statusErrors.genericMethodNotAllowed();
  return handler;
}

/** Whether the path exists for this resource and takes this verb. @throws StatusError 404, 405 */
function checkPlace(resource: Resource, { info, request }: ApiCall): void {
  const { verb, name, namespace } = info;
  const misplaced = !resource.namespaced && namespace !== '' && resource.resource !== 'namespaces';
  if (misplaced) throw statusErrors.genericNotFound();
  // A /watch/ path is a watch whatever it is asked with.
  if (verb === 'watch' && request.method !== 'GET') throw statusErrors.genericMethodNotAllowed();
  if (verb === 'list' || verb === 'watch') return;
  const everywhere = resource.namespaced && namespace === '';
  if (everywhere && name !== '') throw statusErrors.genericNotFound();
  const ofCollection = verb === 'create' || verb === 'deletecollection';
  if (everywhere || ofCollection === (name !== '')) throw statusErrors.genericMethodNotAllowed();
}

function subHandler(special: SpecialHandlers, call: ApiCall, resource: Resource): ResourceHandler {
  const { info, request } = call;
  const facts = resource.info.subresources.get(info.subresource);
  if (!facts || info.name === '' || (resource.namespaced && info.namespace === ''))
    throw statusErrors.genericNotFound();
  // What is behind a proxy says itself which methods it has.
  const known = info.subresource === 'proxy' || (facts.verbs.has(info.verb) && request.method !== 'HEAD');
  if (!known) throw statusErrors.genericMethodNotAllowed();
  const handler =
    special.get(`${resource.group}/${resource.resource}/${info.subresource}`) ??
    GENERIC_SUBRESOURCES.get(info.subresource)?.get(info.verb);
  if (!handler) throw statusErrors.genericMethodNotAllowed();
  return handler;
}
