/**
 * PATCH (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go): the patch is applied to the object as
 * the request's version shows it, and what comes out is decoded and written like a PUT. A lost race applies it again to
 * the newer state, unless the patch names a resourceVersion.
 */
import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  FieldPath,
  fieldErrors,
  type KindTypes,
  type KubeObject,
  parseJson,
  StatusError,
  statusErrors,
} from '@regatta/api';
import type { Resource } from '../registry/resource.ts';
import { updateObject } from '../registry/update-object.ts';
import type { ApiCall } from '../server/api-call.ts';
import { headerValue, type ServerResponse } from '../server/exchange.ts';
import { isApply } from './apply/apply-config.ts';
import { applyObject } from './apply/apply-object.ts';
import { patchOptions } from './apply/patch-options.ts';
import { decodeObject, mediaType } from './decode-body.ts';
import { type HandlerEnvironment, writeRequest } from './environment.ts';
import { negotiate, OBJECT_VIEWS } from './negotiation.ts';
import type { WriteOptions } from './query-options.ts';
import { sendObject, whenEncodable } from './respond.ts';
import { checkName, type PlanOf } from './update.ts';

/** One kind of patch: reads its text once, then applies it to any document. */
export interface PatchKind {
  readonly mediaType: string;
  /** @throws StatusError 400 for text that is no such patch */
  parse(bytes: Uint8Array): Patch;
}

export interface Patch {
  /** The patched document; neither argument is changed. @throws StatusError */
  apply(document: object, types: KindTypes, typeId: string): unknown;
  /** How messages say what could not be decoded: the patch, or the document that it led to. */
  quote(document: unknown): string;
  /** How messages say why. */
  explain?(why: string): string;
}

const jsonPatch: PatchKind = {
  mediaType: 'application/json-patch+json',
  parse: (bytes) => {
    const value = parsePatch(bytes);
    if (!Array.isArray(value)) {
      throw statusErrors.badRequest(
        `error decoding patch: json: cannot unmarshal ${goType(value)} into Go value of type []handlers.jsonPatchOp`,
      );
    }
    return { quote: sortedJson, apply: (document) => applyJsonPatch(document, value) };
  },
};

const mergePatch: PatchKind = {
  mediaType: 'application/merge-patch+json',
  parse: (bytes) => {
    const value = objectPatch(bytes);
    return { quote: sortedJson, apply: (document) => applyMergePatch(document, value) };
  },
};

const strategicMergePatch: PatchKind = {
  mediaType: 'application/strategic-merge-patch+json',
  parse: (bytes) => {
    const value = objectPatch(bytes);
    return {
      quote: () => goMap(value),
      // Upstream converts the patched map, it does not parse it again.
      explain: (why) => why.replace(/^json: cannot unmarshal .* of type /, 'unrecognized type: '),
      apply: (document, types, typeId) => applyStrategicMergePatch(types, typeId, document, value),
    };
  },
};

/** Server-side apply is a way of its own: it knows owners, and it creates. Its CBOR form is refused, as upstream does. */
const KINDS: ReadonlyMap<string, PatchKind> = new Map(
  [jsonPatch, mergePatch, strategicMergePatch].map((kind) => [kind.mediaType, kind]),
);

const CUSTOM_PATCHES = [jsonPatch.mediaType, mergePatch.mediaType, 'application/apply-patch+yaml'];

/** @throws StatusError 415 */
export function patchKindOf(call: ApiCall, resource: Resource): PatchKind {
  const kind = KINDS.get(mediaType(headerValue(call.request, 'content-type')));
  // Custom resources have no merge keys.
  if (resource.custom && (!kind || kind === strategicMergePatch)) {
    throw statusErrors.unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${CUSTOM_PATCHES.join(', ')}`,
    );
  }
  if (kind) return kind;
  const { status } = statusErrors.unsupportedMediaType('415: Unsupported Media Type');
  throw new StatusError({ ...status, details: {} });
}

function objectPatch(bytes: Uint8Array): object {
  const value = parsePatch(bytes);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw statusErrors.badRequest(
    `error decoding patch: json: cannot unmarshal ${goType(value)} into Go value of type map[string]interface {}`,
  );
}

function parsePatch(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes).value;
  } catch (error) {
    throw statusErrors.badRequest(`error decoding patch: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

export async function patchObject(
  env: HandlerEnvironment,
  call: ApiCall,
  resource: Resource,
  planOf: PlanOf,
): Promise<ServerResponse> {
  if (isApply(call)) return applyObject(env, call, resource, planOf);
  const { query, name } = call.info;
  const kind = patchKindOf(call, resource);
  const negotiated = negotiate(call.request, query, OBJECT_VIEWS, resource.custom !== undefined);
  const bytes = await call.request.body();
  const options = patchOptions(query, false);
  const patch = kind.parse(bytes);
  const request = writeRequest(call, resource, name, options);
  const next = (current: KubeObject | undefined): KubeObject => {
    if (!current) throw statusErrors.notFound(resource, name);
    return patched(resource, current, patch, options, call);
  };
  const plan = { ...planOf(next, resource), mayCreate: false };
  const written = await updateObject(env.registry, request, plan);
  return whenEncodable(negotiated, () => sendObject(resource, written, negotiated, 200, env.tables));
}

function patched(
  resource: Resource,
  current: KubeObject,
  patch: Patch,
  options: WriteOptions,
  call: ApiCall,
): KubeObject {
  const document = patch.apply(resource.fromHub(current), resource.types, resource.info.typeId);
  const object = readPatched(
    () =>
      decodeObject(
        resource,
        { value: document, strictErrors: [], bytes: new Uint8Array(0) },
        options.fieldValidation,
        (text) => call.warnings.push(text),
      ),
    patch,
    document,
  );
  checkName(object, call.info.name);
  return object;
}

/** A patch that leads to something undecodable is an invalid patch, not a bad request. */
function readPatched<T>(read: () => T, patch: Patch, document: unknown): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof StatusError) || error.code !== 400) throw error;
    const why = error.message.replace(/^.* cannot be handled as a \w+: /, '');
    throw statusErrors.invalid('', '', '', [
      fieldErrors.invalid(FieldPath.root('patch'), patch.quote(document), patch.explain?.(why) ?? why),
    ]);
  }
}

/** JSON as Go writes maps. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

/** Go's %+v of a decoded JSON value: `map[spec:map[replicas:many]]`. */
export function goMap(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goMap).join(' ')}]`;
  if (typeof value !== 'object' || value === null) return value === null ? '<nil>' : String(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, item]) => `${key}:${goMap(item)}`).join(' ')}]`;
}
