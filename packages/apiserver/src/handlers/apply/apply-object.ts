/**
 * PATCH with application/apply-patch+yaml: creates what does not exist, else lays the configuration over what stands
 * (upstream: applyPatcher and applyPatch of endpoints/handlers/patch.go). A lost race applies it again.
 */
import {
  type ApplyVersions,
  DecodeReport,
  type KubeObject,
  type ManagedFieldsEntry,
  parseApiVersion,
  statusErrors,
} from '@regatta/api';
import { resetFields } from '../../registry/field-ownership.ts';
import { ensureNamespace } from '../../registry/object-metadata.ts';
import type { Resource } from '../../registry/resource.ts';
import type { ResourceRegistry } from '../../registry/resource-registry.ts';
import { updateObject } from '../../registry/update-object.ts';
import { timestamp } from '../../registry/write-request.ts';
import { type ApiCall, attributesOf } from '../../server/api-call.ts';
import type { ServerResponse } from '../../server/exchange.ts';
import { type HandlerEnvironment, writeRequest } from '../environment.ts';
import { negotiate, OBJECT_VIEWS } from '../negotiation.ts';
import type { WriteOptions } from '../query-options.ts';
import { sendObject, whenEncodable } from '../respond.ts';
import { checkName, type PlanOf } from '../update.ts';
import { type ApplyConfig, readConfig } from './apply-config.ts';
import { type ApplyTarget, applyTo, describe } from './apply-state.ts';
import { patchOptions } from './patch-options.ts';

export async function applyObject(
  env: HandlerEnvironment,
  call: ApiCall,
  resource: Resource,
  planOf: PlanOf,
): Promise<ServerResponse> {
  const { query, name, subresource } = call.info;
  const negotiated = negotiate(call.request, query, OBJECT_VIEWS, resource.custom !== undefined);
  const bytes = await call.request.body();
  const options = patchOptions(query, true);
  const config = await readConfig(bytes);
  const request = { ...writeRequest(call, resource, name, options), ownersSettled: true };
  const target = targetOf(env, resource, subresource);
  const next = (current: KubeObject | undefined): KubeObject => {
    if (!current) checkCreate(env, call, resource, config);
    const object = applied(env, target, resource, options, config, current);
    checkStrictness(config, options, request.warn);
    ensureNamespace(object, request.namespace);
    checkName(object, name);
    return object;
  };
  const plan = { ...planOf(next, resource), mayCreate: subresource === '' };
  const written = await updateObject(env.registry, request, plan);
  const code = written.created ? 201 : 200;
  return whenEncodable(negotiated, () => sendObject(resource, written, negotiated, code, env.tables));
}

function targetOf(env: HandlerEnvironment, resource: Resource, subresource: string): ApplyTarget {
  const { group, version, kind, info, types } = resource;
  return {
    types,
    group,
    version,
    kind,
    typeId: info.typeId,
    versions: versionsOf(env.resources, resource),
    subresource,
    resetFields: resetFields(resource, subresource),
  };
}

/** A resource in another of its versions; undefined when there is no such version. */
export function inVersion(resources: ResourceRegistry, resource: Resource, apiVersion: string): Resource | undefined {
  if (apiVersion === resource.apiVersion) return resource;
  const parsed = parseApiVersion(apiVersion);
  const other = parsed && resources.get(parsed.group, parsed.version, resource.resource);
  return other?.hub.typeId === resource.hub.typeId || (other?.custom && resource.custom) ? other : undefined;
}

function versionsOf(resources: ResourceRegistry, resource: Resource): ApplyVersions {
  const at = (apiVersion: string): Resource => {
    const found = inVersion(resources, resource, apiVersion);
    if (!found) throw new Error(`${resource.resource} has no version ${apiVersion}`);
    return found;
  };
  return {
    types: resource.types,
    typeId: (apiVersion) => inVersion(resources, resource, apiVersion)?.info.typeId,
    // Fields of custom resources are compared by name, whatever a webhook would make of them.
    convert: (object, from, to) =>
      resource.custom ? { ...object, apiVersion: to } : at(to).fromHub(at(from).toHub(object as KubeObject)),
  };
}

/** Who may only patch may not create by it. @throws StatusError 403, 409 */
function checkCreate(env: HandlerEnvironment, call: ApiCall, resource: Resource, { value }: ApplyConfig): void {
  const { uid } = (value['metadata'] ?? {}) as { uid?: unknown };
  if (typeof uid === 'string' && uid !== '') {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw statusErrors.conflict(resource, call.info.name, why);
  }
  const decision = env.authorizer?.authorize({ ...attributesOf(call.user, call.info), verb: 'create' });
  if (decision && decision.verdict !== 'allow') {
    throw statusErrors.forbidden(resource, call.info.name, decision.reason);
  }
}

/** The object as the apply leaves it: in the hub version, defaulted, with its owners. */
function applied(
  env: HandlerEnvironment,
  target: ApplyTarget,
  resource: Resource,
  { fieldManager, force }: WriteOptions,
  { value: config }: ApplyConfig,
  current: KubeObject | undefined,
): KubeObject {
  const now = timestamp(env.registry.server.clock.now());
  const live = current ? resource.fromHub(current) : emptyObject(resource);
  const { object, managedFields } = applyTo(target, { manager: fieldManager, force, now }, config, live);
  const wanted = object ? decoded(resource, config, object) : structuredClone(current ?? live);
  return withOwners(object ? resource.toHub(wanted) : wanted, managedFields);
}

function emptyObject(resource: Resource): KubeObject {
  const object = resource.decoder.decode({}, new DecodeReport());
  return { ...object, metadata: (object['metadata'] ?? {}) as KubeObject['metadata'] };
}

/** @throws StatusError 500, upstream's answer to values that the schema lets pass and Go can't read */
function decoded(resource: Resource, config: object, object: object): KubeObject {
  const { apiVersion, kind } = resource;
  try {
    const { kind: _kind, apiVersion: _version, ...rest } = resource.decoder.decode(object, new DecodeReport());
    const result = { kind, apiVersion, ...rest, metadata: (rest['metadata'] ?? {}) as KubeObject['metadata'] };
    resource.applyDefaults(result);
    return result;
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).replace(
      /^json: cannot unmarshal .* of type /,
      'unrecognized type: ',
    );
    throw statusErrors.unknown(
      `failed to convert new object (${describe(config)}) to proper version: unable to convert unstructured object to ${apiVersion}, Kind=${kind}: ${why}`,
    );
  }
}

function withOwners(object: KubeObject, managedFields: readonly ManagedFieldsEntry[]): KubeObject {
  if (managedFields.length > 0) object.metadata.managedFields = [...managedFields];
  else delete object.metadata.managedFields;
  return object;
}

/** @throws StatusError 400 for keys that are there twice, when that is asked for */
export function checkStrictness(
  { strictProblem }: ApplyConfig,
  { fieldValidation }: WriteOptions,
  warn: (text: string) => void,
): void {
  if (strictProblem === undefined || fieldValidation === 'Ignore') return;
  if (fieldValidation === 'Strict') throw statusErrors.badRequest(`error strict decoding YAML: ${strictProblem}`);
  // Upstream can't send a warning of several lines, and doesn't.
  if (!strictProblem.includes('\n')) warn(strictProblem);
}
