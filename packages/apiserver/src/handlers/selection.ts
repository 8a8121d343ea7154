/**
 * Selectors of a request as one test of objects
 * (upstream: storage.SelectionPredicate; field labels: AddFieldLabelConversionFunc of each group).
 */
import {
  type FieldMatcher,
  type KubeObject,
  type LabelMatcher,
  type Pod,
  parseFieldSelector,
  parseLabelSelector,
  statusErrors,
} from '@regatta/api';
import { FIELD_LABEL_REFUSALS } from '../registry/kind-facts.ts';
import type { Resource } from '../registry/resource.ts';
import type { WatchTrigger } from '../storage/object-storage.ts';

export interface Selection {
  /** Nothing is left out. */
  readonly isEverything: boolean;
  /** Of objects in the hub version. */
  matches(object: KubeObject): boolean;
  /** The only name that matches. */
  readonly name?: string;
  /** One value that all that matches has: watches are found by it. */
  readonly trigger?: WatchTrigger;
}

const EVERYTHING: Selection = { isEverything: true, matches: () => true };
const METADATA_FIELDS = ['metadata.name', 'metadata.namespace'];

/** @param name the object of a /watch/…/name path @throws StatusError 400 */
export function selectionOf(resource: Resource, labelText: string, fieldText: string, name = ''): Selection {
  if (labelText === '' && fieldText === '' && name === '') return EVERYTHING;
  const labels = labelText === '' ? undefined : parseLabelSelector(labelText);
  const fields = fieldText === '' ? undefined : knownFields(resource, parseFieldSelector(fieldText));
  const labelTest = labels?.isEverything ? undefined : labels;
  const fieldTest = fields && fields.requirements.length > 0 ? fields : undefined;
  if (!labelTest && !fieldTest && name === '') return EVERYTHING;
  const trigger = triggerOf(resource, fieldTest, name);
  const only = name || fieldTest?.requirements.find(({ field, op }) => field === 'metadata.name' && op === '=')?.value;
  return {
    isEverything: false,
    matches: test(resource, labelTest, fieldTest, name),
    ...(trigger && { trigger }),
    ...(only !== undefined && { name: only }),
  };
}

/** Fields by which many watches select, each the same function for all of them (upstream: Indexers of each storage). */
const nameIn = (object: KubeObject): string => object.metadata.name;
const nodeNameIn = (object: KubeObject): string => (object as Pod).spec.nodeName ?? '';

function triggerOf(resource: Resource, fields: FieldMatcher | undefined, name: string): WatchTrigger | undefined {
  if (name !== '') return { valueIn: nameIn, value: name };
  const isPod = resource.hub.group === '' && resource.hub.resource === 'pods';
  for (const { field, op, value } of fields?.requirements ?? []) {
    if (op !== '=') continue;
    if (field === 'metadata.name') return { valueIn: nameIn, value };
    if (field === 'spec.nodeName' && isPod) return { valueIn: nodeNameIn, value };
  }
  return undefined;
}

function test(
  resource: Resource,
  labels: LabelMatcher | undefined,
  fields: FieldMatcher | undefined,
  name: string,
): (object: KubeObject) => boolean {
  return (object) =>
    (name === '' || object.metadata.name === name) &&
    (!labels || labels.matches(object.metadata.labels)) &&
    (!fields || fields.matches(fieldsOf(resource, object)));
}

function fieldsOf(resource: Resource, object: KubeObject): Record<string, string> {
  const { name, namespace } = object.metadata;
  return {
    ...inItsNames(resource, resource.strategy.selectableFields?.(object)),
    'metadata.name': name,
    ...(resource.namespaced ? { 'metadata.namespace': namespace ?? '' } : {}),
  };
}

/** Fields under the names of the version that was asked for. */
function inItsNames({ fieldNames }: Resource, fields: Record<string, string> = {}): Record<string, string> {
  if (!fieldNames) return fields;
  return Object.fromEntries([...fieldNames].map(([name, hubName]) => [name, fields[hubName] ?? '']));
}

function knownFields(resource: Resource, matcher: FieldMatcher): FieldMatcher {
  const known = [...(resource.fieldNames?.keys() ?? resource.strategy.fieldLabels ?? [])];
  for (const { field } of matcher.requirements) {
    if (!METADATA_FIELDS.includes(field) && !known.includes(field))
      throw statusErrors.badRequest(unknownField(resource, field));
  }
  return matcher;
}

function unknownField(resource: Resource, field: string): string {
  if (resource.custom) return `field label not supported: ${field}`;
  const refusal = FIELD_LABEL_REFUSALS.get(`${resource.hub.group}/${resource.hub.resource}`);
  if (refusal) return refusal(field);
  return `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}
