/**
 * Whole API objects inside custom resources must say what they are
 * (upstream: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta/validation.go).
 */
import { type FieldError, isDNS1123Subdomain, isJsonObject, parseApiVersion } from '@regatta/api';
import { pathText } from './prune.ts';
import { additionalOf, isEmbeddedResource, isSchema, itemsOf, propertiesOf, type Structural } from './structural.ts';

type Path = (string | number)[];
type Check = (value: unknown, path: Path, out: FieldError[]) => void;

/** Undefined when the schema has no embedded objects. */
export function compileEmbeddedNames(schema: Structural): Check | undefined {
  const items = itemsOf(schema);
  const inItem = items && checkAt(items);
  const members = propertiesOf(schema).flatMap(([name, property]) => {
    const check = checkAt(property);
    return check ? [{ name, check }] : [];
  });
  const more = additionalOf(schema);
  const inMore = isSchema(more) ? checkAt(more) : undefined;
  if (!inItem && members.length === 0 && !inMore) return undefined;
  return (value, path, out) => {
    if (Array.isArray(value)) {
      if (inItem) for (const [i, item] of value.entries()) inItem(item, [...path, i], out);
      return;
    }
    if (!isJsonObject(value)) return;
    for (const { name, check } of members) if (Object.hasOwn(value, name)) check(value[name], [...path, name], out);
    if (inMore) for (const key of Object.keys(value)) inMore(value[key], [...path, key], out);
  };
}

function checkAt(schema: Structural): Check | undefined {
  const below = compileEmbeddedNames(schema);
  if (!isEmbeddedResource(schema)) return below;
  return (value, path, out) => {
    if (isJsonObject(value)) checkObject(value, path, out);
    below?.(value, path, out);
  };
}

function checkObject({ apiVersion, kind, metadata }: Record<string, unknown>, path: Path, out: FieldError[]): void {
  const at = (name: string): string => pathText([...path, name]);
  if (!apiVersion) out.push({ type: 'required', field: at('apiVersion'), detail: 'must not be empty' });
  else if (typeof apiVersion === 'string' && !parseApiVersion(apiVersion)) {
    const detail = `unexpected GroupVersion string: ${apiVersion}`;
    out.push({ type: 'invalid', field: at('apiVersion'), badValue: apiVersion, detail });
  }
  if (!kind) out.push({ type: 'required', field: at('kind'), detail: 'must not be empty' });
  const name = isJsonObject(metadata) ? metadata['name'] : undefined;
  if (typeof name !== 'string' || name === '') return;
  for (const detail of isDNS1123Subdomain(name)) {
    out.push({ type: 'invalid', field: pathText([...path, 'metadata', 'name']), badValue: name, detail });
  }
}
