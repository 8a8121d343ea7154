/**
 * Who owns the fields of an object that is written: metadata.managedFields (upstream: the FieldManager that
 * endpoints/handlers/{create,update,patch}.go ask before admission, and each strategy's GetResetFields).
 *
 * Invariants: what a strategy resets is owned by nobody; a write that changes nothing but the time of an entry changes
 * nothing; fields of many objects that look alike are one value in memory.
 */
import { jsonEqual, type KubeObject, type ManagedFieldsEntry, managerName, trackUpdate } from '@regatta/api';
import { STATUS_RESETS } from './kind-facts.ts';
import type { Resource } from './resource.ts';
import { type Registry, timestamp, type WriteRequest } from './write-request.ts';

type ResetFields = readonly (readonly string[])[];

const STATUS: ResetFields = [['status']];
const SPEC: ResetFields = [['spec']];
const NOTHING: ResetFields = [];

/** Writes the owners of what this write changes into the object. It must be decoded and defaulted, and nothing more. */
export function recordOwners(
  registry: Registry,
  request: WriteRequest,
  object: KubeObject,
  live: KubeObject | undefined,
): void {
  if (request.ownersSettled) return;
  const { resource, subresource } = request;
  const entries = trackUpdate({
    schema: resource.types,
    typeId: resource.info.typeId,
    live: live && resource.fromHub(live),
    object: resource.fromHub(object),
    manager: managerOf(request),
    // Parts of an object that are kinds of their own, such as Scale, are written in the object's version.
    apiVersion: resource.apiVersion,
    now: timestamp(registry.server.clock.now()),
    resetFields: resetFields(resource, subresource),
    ...(subresource === '' ? {} : { subresource }),
  });
  if (entries === undefined) delete object.metadata.managedFields;
  else object.metadata.managedFields = entries.map(shared);
}

/** What a write of the object, or of this part of it, can't set. */
export function resetFields(resource: Resource, subresource: string): ResetFields {
  if (subresource === 'status') return STATUS_RESETS.get(`${resource.hub.group}/${resource.hub.resource}`) ?? SPEC;
  return subresource === '' && resource.hasStatus ? STATUS : NOTHING;
}

/** Agents seen, since a handful of clients write nearly everything. */
const managers = new Map<string, string>();
const MANAGERS_LIMIT = 256;

function managerOf({ fieldManager, userAgent }: WriteRequest): string {
  if (fieldManager !== '') return fieldManager;
  let name = managers.get(userAgent);
  if (name === undefined) {
    name = managerName(undefined, userAgent);
    if (managers.size >= MANAGERS_LIMIT) managers.clear();
    managers.set(userAgent, name);
  }
  return name;
}

/** Whether a write changes nothing, or only the times in managedFields (IgnoreManagedFieldsTimestampsTransformer). */
export function changesNothing(object: KubeObject, old: KubeObject): boolean {
  const [fields, before] = [object.metadata.managedFields, old.metadata.managedFields];
  if (fields === before || !fields || !before || !sameOwners(fields, before)) return jsonEqual(object, old);
  return jsonEqual(
    { ...object, metadata: { ...object.metadata, managedFields: undefined } },
    { ...old, metadata: { ...old.metadata, managedFields: undefined } },
  );
}

function sameOwners(a: readonly ManagedFieldsEntry[], b: readonly ManagedFieldsEntry[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((entry, i) => jsonEqual({ ...entry, time: undefined }, { ...b[i], time: undefined }));
}

/** Trees of fields by their text. */
const trees = new Map<string, Record<string, unknown>>();
const TREES_LIMIT = 1024;
/** Longer ones are rarely alike. */
const LONGEST_SHARED = 8192;

function shared(entry: ManagedFieldsEntry): ManagedFieldsEntry {
  const text = JSON.stringify(entry.fieldsV1);
  if (text === undefined || text.length > LONGEST_SHARED) return entry;
  const known = trees.get(text);
  if (known) return known === entry.fieldsV1 ? entry : { ...entry, fieldsV1: known };
  if (trees.size >= TREES_LIMIT) trees.clear();
  if (entry.fieldsV1) trees.set(text, entry.fieldsV1 as Record<string, unknown>);
  return entry;
}
