/**
 * Whole API objects inside custom resources must say what they are
 * (upstream: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta/validation.go).
 */
import { type FieldError, isDNS1123Subdomain, isJsonObject, parseApiVersion } from '@regatta/api';
import { pathText } from './prune.ts';
import { isEmbeddedResource, type Structural } from './structural.ts';
import { compileChildren, type Path, type Visit } from './walk.ts';

/** Undefined when the schema has no embedded objects. */
export function compileEmbeddedNames(schema: Structural): Visit<FieldError> | undefined {
  return compileChildren(schema, checkAt);
}

function checkAt(schema: Structural): Visit<FieldError> | undefined {
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
