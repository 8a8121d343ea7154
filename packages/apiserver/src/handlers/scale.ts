/**
 * The scale subresource: one number of a workload as an autoscaling/v1 Scale
 * (upstream: ScaleREST of pkg/registry/apps/deployment/storage/storage.go and its likes).
 */
import { FieldPath, fieldErrors, type KubeObject, type Scale, statusErrors, validateObjectMeta } from '@regatta/api';
import { NOT_NEGATIVE } from '../kinds/validation/rules.ts';
import type { Resource } from '../registry/resource.ts';
import type { Strategy } from '../registry/strategy.ts';
import { type UpdatePlan, updateObject } from '../registry/update-object.ts';
import type { ApiCall } from '../server/api-call.ts';
import type { ServerResponse } from '../server/exchange.ts';
import type { StoredObject } from '../storage/object-storage.ts';
import { patchOptions } from './apply/patch-options.ts';
import { decodeAs, type ParsedBody, parseBody } from './decode-body.ts';
import { type HandlerEnvironment, writeRequest } from './environment.ts';
import { readObject } from './get.ts';
import { negotiate, OBJECT_ONLY, OBJECT_VIEWS } from './negotiation.ts';
import { patchKindOf } from './patch.ts';
import { type WriteOptions, writeOptions } from './query-options.ts';
import { sendValue, sendView, whenEncodable } from './respond.ts';
import { checkName } from './update.ts';

type ScaleStrategy = NonNullable<Strategy['scale']>;

export function getScale(
  env: HandlerEnvironment,
  call: ApiCall,
  resource: Resource,
): ServerResponse | Promise<ServerResponse> {
  const negotiated = negotiate(call.request, call.info.query, OBJECT_VIEWS);
  const answer = ({ object }: StoredObject): ServerResponse | Promise<ServerResponse> =>
    whenEncodable(negotiated, () => {
      const scale = scaleOf(strategyOf(resource), object) as Scale & KubeObject;
      return sendView('Scale', scale, negotiated, env.tables);
    });
  const stored = readObject(env, call, resource);
  return stored instanceof Promise ? stored.then(answer) : answer(stored);
}

export async function writeScale(env: HandlerEnvironment, call: ApiCall, resource: Resource): Promise<ServerResponse> {
  const { query } = call.info;
  const patching = call.request.method === 'PATCH';
  const kind = patching ? patchKindOf(call, resource) : undefined;
  const negotiated = negotiate(call.request, query, OBJECT_ONLY);
  const bytes = await call.request.body();
  const options = patching ? patchOptions(query, false) : writeOptions('UpdateOptions', query);
  const patch = kind?.parse(bytes);
  const body = patch ? undefined : await parseBody(call.request, bytes);
  const strategy = strategyOf(resource);
  const wanted = (current: KubeObject): Scale => {
    if (body) return decodeScale(env, call, body, options);
    const { schema } = env.resources;
    const document = patch?.apply(scaleOf(strategy, current), schema, scaleType(env));
    return decodeScale(env, call, { value: document, strictErrors: [], bytes }, options);
  };
  const written = await updateObject(env.registry, writeRequest(call, resource, call.info.name, options), {
    part: 'custom',
    mayCreate: false,
    ...scaleChecks(resource),
    next: (current) => {
      if (!current) throw statusErrors.notFound(resource, call.info.name);
      return scaled(strategy, current, wanted(current), call.info.name);
    },
  });
  return whenEncodable(negotiated, () => sendValue(scaleOf(strategy, written.object), negotiated, 200));
}

/** A custom resource's schema may have its own mind about the number. */
export function scaleChecks({ custom, strategy }: Resource): Pick<UpdatePlan, 'validate'> {
  if (!custom) return {};
  return { validate: (object, old, context) => strategy.validateUpdate?.(object, old, context) ?? [] };
}

export function strategyOf(resource: Resource): ScaleStrategy {
  const { scale } = resource.strategy;
  if (!scale) throw statusErrors.genericNotFound();
  return scale;
}

export function scaleType(env: HandlerEnvironment): string {
  const typeId = env.resources.schema.typeIdOf('autoscaling', 'v1', 'Scale');
  if (typeId === undefined) throw new Error('the schema has no autoscaling/v1 Scale');
  return typeId;
}

export function decodeScale(env: HandlerEnvironment, call: ApiCall, body: ParsedBody, options: WriteOptions): Scale {
  const target = { kind: 'Scale', group: 'autoscaling', version: 'v1', typeId: scaleType(env) };
  const warn = (text: string): void => void call.warnings.push(text);
  return decodeAs(env.resources.schema, target, body, options.fieldValidation, warn) as Scale;
}

export function scaleOf(strategy: ScaleStrategy, object: KubeObject): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = strategy.replicas(object);
  const selector = strategy.selector(object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      ...(uid ? { uid } : {}),
      ...(resourceVersion ? { resourceVersion } : {}),
      ...(creationTimestamp ? { creationTimestamp } : {}),
    },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: strategy.statusReplicas(object), ...(selector ? { selector } : {}) },
  };
}

export function scaled(strategy: ScaleStrategy, current: KubeObject, scale: Scale, name: string): KubeObject {
  checkName(scale, name);
  const replicas = scale.spec?.replicas ?? 0;
  const { namespace } = current.metadata;
  const metadata = { ...scale.metadata, ...(namespace ? { namespace } : {}) };
  const errors = validateObjectMeta(metadata, { namespaced: Boolean(namespace) });
  if (replicas < 0) {
    errors.push(fieldErrors.invalid(FieldPath.root('spec', 'replicas'), replicas, NOT_NEGATIVE));
  }
  if (errors.length > 0) throw statusErrors.invalid('autoscaling', 'Scale', name, errors);
  const object = structuredClone(current);
  const { uid, resourceVersion } = scale.metadata;
  if (uid) object.metadata.uid = uid;
  if (resourceVersion) object.metadata.resourceVersion = resourceVersion;
  strategy.setReplicas(object, replicas);
  return object;
}
