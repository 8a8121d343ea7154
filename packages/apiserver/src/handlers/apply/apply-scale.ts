/**
 * Applying a Scale: the one number that it holds is owned in the workload's entries, as spec.replicas
 * (upstream: scaleUpdatedObjectInfo of pkg/registry/apps/deployment/storage/storage.go and its likes).
 */
import {
  entriesAfterScale,
  type KubeObject,
  type ManagedFieldsEntry,
  type Scale,
  scaleEntries,
  statusErrors,
} from '@regatta/api';
import type { Resource } from '../../registry/resource.ts';
import { updateObject } from '../../registry/update-object.ts';
import { timestamp } from '../../registry/write-request.ts';
import type { ApiCall } from '../../server/api-call.ts';
import type { ServerResponse } from '../../server/exchange.ts';
import { type HandlerEnvironment, writeRequest } from '../environment.ts';
import { negotiate, OBJECT_ONLY } from '../negotiation.ts';
import { sendValue, whenEncodable } from '../respond.ts';
import { decodeScale, scaleChecks, scaled, scaleOf, scaleType, strategyOf } from '../scale.ts';
import { readConfig } from './apply-config.ts';
import { checkStrictness, inVersion } from './apply-object.ts';
import { type ApplyTarget, applyTo } from './apply-state.ts';
import { patchOptions } from './patch-options.ts';

export async function applyScale(env: HandlerEnvironment, call: ApiCall, resource: Resource): Promise<ServerResponse> {
  const { query, name } = call.info;
  const negotiated = negotiate(call.request, query, OBJECT_ONLY);
  const bytes = await call.request.body();
  const options = patchOptions(query, true);
  const config = await readConfig(bytes);
  const strategy = strategyOf(resource);
  const target = scaleTarget(env);
  const isServed = (apiVersion: string): boolean => inVersion(env.resources, resource, apiVersion) !== undefined;
  const request = { ...writeRequest(call, resource, name, options), ownersSettled: true };
  const next = (current: KubeObject | undefined): KubeObject => {
    if (!current) throw statusErrors.notFound(resource, name);
    const entries = current.metadata.managedFields ?? [];
    const live = withOwners(scaleOf(strategy, current), scaleEntries(entries, isServed));
    const applier = {
      manager: options.fieldManager,
      force: options.force,
      now: timestamp(env.registry.server.clock.now()),
    };
    const { object, managedFields } = applyTo(target, applier, config.value, live);
    checkStrictness(config, options, request.warn);
    const body = { value: object ?? live, strictErrors: [], bytes: new Uint8Array(0) };
    const workload = scaled(strategy, current, decodeScale(env, call, body, options), name);
    return withOwners(workload, entriesAfterScale(entries, managedFields, resource.apiVersion, isServed));
  };
  const written = await updateObject(env.registry, request, {
    part: 'custom',
    mayCreate: false,
    ...scaleChecks(resource),
    next,
  });
  return whenEncodable(negotiated, () => sendValue(scaleOf(strategy, written.object), negotiated, 200));
}

function withOwners<T extends KubeObject | Scale>(object: T, entries: ManagedFieldsEntry[]): T {
  if (entries.length > 0) object.metadata.managedFields = entries;
  else delete object.metadata.managedFields;
  return object;
}

function scaleTarget(env: HandlerEnvironment): ApplyTarget {
  const { schema } = env.resources;
  const typeId = scaleType(env);
  return {
    types: schema,
    group: 'autoscaling',
    version: 'v1',
    kind: 'Scale',
    typeId,
    versions: {
      types: schema,
      typeId: (apiVersion) => (apiVersion === 'autoscaling/v1' ? typeId : undefined),
      convert: (object) => object,
    },
    subresource: 'scale',
    resetFields: [],
  };
}
