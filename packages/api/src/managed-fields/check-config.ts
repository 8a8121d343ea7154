/**
 * Whether an applied configuration is of its type (upstream: structured-merge-diff typed/validate.go and the schema that
 * kube-openapi's schemaconv makes). Unlike a decoder it refuses unknown fields, and it asks for the keys of list items.
 */
import { goQuote } from '../go-quote.ts';
import { isJsonObject } from '../json/clone-json.ts';
import { goFormat } from '../patch/go-format.ts';
import type { TypeSource } from '../schema/decoder.ts';
import type { FieldInfo, Shape, TypeInfo } from '../schema/type-info.ts';
import { elementText } from './path-element.ts';

interface Finding {
  readonly path: string;
  readonly text: string;
}

/** What is wrong, in upstream's words; undefined when nothing is. */
export function configProblem(types: TypeSource, typeId: string, value: unknown): string | undefined {
  const findings: Finding[] = [];
  checkStruct(types, types.type(typeId), value, '', findings);
  const texts = findings.map(({ path, text }) => (path === '' ? text : `${path}: ${text}`));
  if (texts.length < 2) return texts[0];
  return ['errors:', ...texts.map((text) => `  ${text}`)].join('\n');
}

function check(
  types: TypeSource,
  field: FieldInfo | undefined,
  shape: Shape,
  value: unknown,
  path: string,
  out: Finding[],
): void {
  if (value === null) return;
  switch (shape.kind) {
    case 'object':
      checkStruct(types, types.type(shape.typeId), value, path, out);
      return;
    case 'map':
      if (!isJsonObject(value)) refuse(out, path, 'map', value);
      else
        for (const key of Object.keys(value)) check(types, undefined, shape.values, value[key], `${path}.${key}`, out);
      return;
    case 'list':
      if (!Array.isArray(value)) refuse(out, path, 'list', value);
      else checkItems(types, field, shape.items, value, path, out);
      return;
    case 'raw':
    case 'deduced':
    case 'schema-or':
      return;
    default:
      checkScalar(shape.kind, value, path, out);
  }
}

function refuse(out: Finding[], path: string, wanted: string, value: unknown): void {
  out.push({ path, text: `expected ${wanted}, got &{${goFormat(value)}}` });
}

function checkStruct(types: TypeSource, type: TypeInfo, value: unknown, path: string, out: Finding[]): void {
  if (value === null) return;
  if (!isJsonObject(value)) {
    refuse(out, path, 'map', value);
    return;
  }
  for (const key of Object.keys(value)) {
    const field = type.fields.get(key);
    if (!field && type.open) continue;
    if (!field) {
      // Upstream looks no further in this struct.
      out.push({ path: `${path}.${key}`, text: 'field not declared in schema' });
      return;
    }
    check(types, field, field.shape, value[key], `${path}.${key}`, out);
  }
}

function checkItems(
  types: TypeSource,
  field: FieldInfo | undefined,
  items: Shape,
  list: readonly unknown[],
  path: string,
  out: Finding[],
): void {
  const seen = new Set<string>();
  for (const [i, item] of list.entries()) {
    const element = elementOf(types, field, items, item, i);
    if (element instanceof Error) {
      out.push({ path, text: `element ${i}: ${element.message}` });
      return;
    }
    if (seen.has(element)) out.push({ path, text: `duplicate entries for key ${element}` });
    seen.add(element);
    check(types, undefined, items, item, path + element, out);
  }
}

/** How messages name the item, or why it has no name. */
function elementOf(
  types: TypeSource,
  field: FieldInfo | undefined,
  items: Shape,
  item: unknown,
  index: number,
): string | Error {
  if (field?.listType === 'set') return valueElement(item);
  if (field?.listType !== 'map') return `[${index}]`;
  if (item === null) return new Error('associative list with keys may not have a null element');
  if (!isJsonObject(item)) return new Error('associative list with keys may not have non-map elements');
  const itemType = items.kind === 'object' ? types.type(items.typeId) : undefined;
  const keys: Record<string, unknown> = {};
  for (const key of [...field.listMapKeys].sort()) {
    const value = Object.hasOwn(item, key) ? item[key] : itemType?.fields.get(key)?.default;
    if (value === undefined) {
      return new Error(
        `associative list with keys has an element that omits key field ${goQuote(key)} (and doesn't have default value)`,
      );
    }
    keys[key] = value;
  }
  return elementText(`k:${JSON.stringify(keys)}`);
}

function valueElement(item: unknown): string | Error {
  if (item === null) return new Error("associative list without keys has an element that's an explicit null");
  if (Array.isArray(item)) return new Error('not supported: associative list with lists as elements');
  if (isJsonObject(item)) return new Error("associative list without keys has an element that's a map type");
  return elementText(`v:${JSON.stringify(item)}`);
}

function checkScalar(kind: Shape['kind'], value: unknown, path: string, out: Finding[]): void {
  switch (kind) {
    case 'int32':
    case 'int64':
    case 'double':
      if (typeof value !== 'number')
        out.push({ path, text: `expected numeric (int or float), got ${goTypeName(value)}` });
      return;
    case 'string':
    case 'bytes':
      if (typeof value !== 'string') out.push({ path, text: `expected string, got ${goSyntax(value)}` });
      return;
    case 'boolean':
      if (typeof value !== 'boolean') refuse(out, path, 'boolean', value);
      return;
    default:
      // Quantities, times, IntOrString.
      if (typeof value === 'object') refuse(out, path, 'any scalar', value);
  }
}

/** Go's `%T` of a decoded value. */
function goTypeName(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : 'string';
}

/** Go's `%#v` of the value as structured-merge-diff wraps it. */
function goSyntax(value: unknown): string {
  return `&value.valueUnstructured{Value:${goLiteral(value)}}`;
}

function goLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)';
  if (typeof value === 'string') return goQuote(value);
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(goLiteral).join(', ')}}`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[string]interface {}{${members.map(([key, member]) => `${goQuote(key)}:${goLiteral(member)}`).join(', ')}}`;
}
