/**
 * A configuration laid over an object without anybody coming to own its fields, as policies do it
 * (upstream: k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch/smd.go).
 */
import { isJsonObject } from '../json/clone-json.ts';
import type { TypeSource } from '../schema/decoder.ts';
import type { FieldInfo, TypeInfo } from '../schema/type-info.ts';
import { fieldPlan } from './field-plan.ts';
import { mergeConfig } from './merge-config.ts';

/** A new object; the arguments aren't changed. @param config of its type, see `configProblem` */
export function layOver(types: TypeSource, typeId: string, live: object, config: object): object {
  return mergeConfig(fieldPlan(types, typeId), live, config) as object;
}

/** Paths of what a configuration sets that can only be replaced as a whole: `.spec.selector`. */
export function atomicParts(types: TypeSource, typeId: string, config: unknown): string[] {
  const found: string[] = [];
  structParts(types, types.type(typeId), false, config, '', found);
  return found;
}

function structParts(
  types: TypeSource,
  type: TypeInfo,
  atomic: boolean,
  value: unknown,
  path: string,
  found: string[],
): void {
  if (!isJsonObject(value)) return;
  if (atomic || type.mapType === 'atomic') found.push(path);
  for (const key of Object.keys(value)) {
    const field = type.fields.get(key);
    if (field) fieldParts(types, field, value[key], `${path}.${key}`, found);
  }
}

function fieldParts(types: TypeSource, field: FieldInfo, value: unknown, path: string, found: string[]): void {
  const { shape } = field;
  if (shape.kind === 'object') {
    structParts(types, types.type(shape.typeId), field.mapType === 'atomic', value, path, found);
  } else if (shape.kind === 'map') {
    if (field.mapType === 'atomic' && isJsonObject(value)) found.push(path);
  } else if (shape.kind === 'list' && Array.isArray(value)) {
    if (field.listType !== 'map' && field.listType !== 'set') found.push(path);
    const { items } = shape;
    if (items.kind !== 'object') return;
    for (const [i, item] of value.entries()) {
      structParts(types, types.type(items.typeId), false, item, `${path}[${i}]`, found);
    }
  }
}
