/**
 * Documents of version 2 of other servers, joined to this server's own
 * (upstream: k8s.io/kube-aggregator/pkg/controllers/openapi/aggregator, k8s.io/kube-openapi/pkg/aggregator).
 *
 * A server's share is the paths of one version and the definitions that they lead to. A definition that has the name of
 * another and says something else gets a name of its own: `<name>_v2`, `_v3`, …
 */
import { isJsonObject, jsonEqual } from '@regatta/api';
import type { Json } from './schema-document.ts';

export interface Swagger {
  readonly paths: Json;
  readonly definitions: Json;
}

const REFERENCE = /"\$ref":"#\/definitions\/([^"]+)"/g;

/** What a document says of one version; undefined when that is nothing. @param base `/apis/group/version` */
export function swaggerOf(document: Readonly<Record<string, unknown>>, base: string): Swagger | undefined {
  const [all, known] = [asObject(document['paths']), asObject(document['definitions'])];
  const own = Object.entries(all).filter(([path]) => path === `${base}/` || path.startsWith(`${base}/`));
  if (own.length === 0) return undefined;
  const paths = Object.fromEntries(own);
  return { paths, definitions: reachable(paths, known) };
}

/** The first document with the paths and definitions of the others. */
export function mergeSwagger(first: Swagger, others: readonly Swagger[]): Swagger {
  const paths: Json = { ...first.paths };
  const definitions: Json = { ...first.definitions };
  for (const other of others) {
    const { paths: morePaths, definitions: more } = renamed(other, definitions);
    for (const [path, item] of Object.entries(morePaths)) if (!Object.hasOwn(paths, path)) paths[path] = item;
    Object.assign(definitions, more);
  }
  return { paths, definitions };
}

function renamed(swagger: Swagger, taken: Json): Swagger {
  const names = new Map<string, string>();
  for (const [name, definition] of Object.entries(swagger.definitions)) {
    if (!Object.hasOwn(taken, name) || jsonEqual(taken[name], definition)) continue;
    let number = 2;
    while (Object.hasOwn(taken, `${name}_v${number}`)) number++;
    names.set(name, `${name}_v${number}`);
  }
  if (names.size === 0) return swagger;
  const text = JSON.stringify(swagger.paths);
  const rewrite = (json: string): string =>
    json.replace(REFERENCE, (_whole, name: string) => `"$ref":"#/definitions/${names.get(name) ?? name}"`);
  const definitions = Object.entries(swagger.definitions).map(([name, definition]) => [
    names.get(name) ?? name,
    JSON.parse(rewrite(JSON.stringify(definition))),
  ]);
  return { paths: JSON.parse(rewrite(text)), definitions: Object.fromEntries(definitions) };
}

function reachable(paths: Json, known: Json): Json {
  const found = new Map<string, unknown>();
  const waiting = referencesIn(paths);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name) || !Object.hasOwn(known, name)) continue;
    found.set(name, known[name]);
    waiting.push(...referencesIn(known[name]));
  }
  return Object.fromEntries(found);
}

function referencesIn(value: unknown): string[] {
  return [...(JSON.stringify(value) ?? '').matchAll(REFERENCE)].map(([, name = '']) => name);
}

function asObject(value: unknown): Json {
  return isJsonObject(value) ? (value as Json) : {};
}
