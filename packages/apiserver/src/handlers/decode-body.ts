/**
 * From the bytes of a body to an object in the hub version: media type → value → the kind it names → typed fields →
 * defaults (upstream: endpoints/handlers/{create,update,rest}.go and apimachinery pkg/runtime/serializer/json).
 *
 * Invariant: what comes out is fresh, and has kind, apiVersion and metadata.
 */

import {
  DecodeReport,
  type KindTypes,
  type KubeObject,
  PROTOBUF,
  parseApiVersion,
  parseJson,
  statusErrors,
  summarizeBody,
} from '@regatta/api';
import { decode, MSGPACK } from '@regatta/bus';
import type { Resource } from '../registry/resource.ts';
import { headerValue, type ServerRequest } from '../server/exchange.ts';
import { encodings, protobufCodec } from './encodings.ts';
import type { FieldValidation } from './query-options.ts';

/** A body as a JSON value, and what a strict reader has against its text. */
export interface ParsedBody {
  readonly value: unknown;
  readonly strictErrors: readonly string[];
  /** Fields that a JSON document has twice: told after those that are unknown. */
  readonly duplicates?: readonly string[];
  /** Set when the text is no JSON (or YAML). */
  readonly problem?: string;
  readonly bytes: Uint8Array;
}

const WHERE_REGISTERED = 'in scheme "pkg/api/legacyscheme/scheme.go:30"';

/** @throws StatusError 415 */
export async function parseBody(request: ServerRequest, bytes: Uint8Array): Promise<ParsedBody> {
  const type = mediaType(headerValue(request, 'content-type'));
  if (type === 'application/json' || type === '' || type === '*/*') return parseJsonBody(bytes);
  if (type === 'application/yaml' || type === 'application/vnd.yaml') return parseYamlBody(bytes);
  if (type === PROTOBUF) return parseProtobufBody(bytes);
  if (type === MSGPACK) return { value: decode(bytes), strictErrors: [], bytes };
  throw statusErrors.unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${encodings.advertised.join(', ')}`,
  );
}

export function mediaType(header: string | undefined): string {
  const semicolon = header?.indexOf(';') ?? -1;
  return (semicolon < 0 ? (header ?? '') : (header ?? '').slice(0, semicolon)).trim().toLowerCase();
}

function parseJsonBody(bytes: Uint8Array): ParsedBody {
  try {
    const { value, duplicates } = parseJson(bytes);
    return { value, strictErrors: [], duplicates, bytes };
  } catch (error) {
    return { value: undefined, strictErrors: [], problem: `json parse error: ${messageOf(error)}`, bytes };
  }
}

async function parseYamlBody(bytes: Uint8Array): Promise<ParsedBody> {
  const { parseYaml } = await import('./yaml-body.ts');
  try {
    const { value, strictErrors } = parseYaml(Buffer.from(bytes).toString());
    return { value, strictErrors, bytes };
  } catch (error) {
    return { value: undefined, strictErrors: [], problem: `error converting YAML to JSON: ${messageOf(error)}`, bytes };
  }
}

async function parseProtobufBody(bytes: Uint8Array): Promise<ParsedBody> {
  const codec = await protobufCodec();
  try {
    return { value: codec.decode(bytes), strictErrors: [], bytes };
  } catch (error) {
    return { value: undefined, strictErrors: [], problem: messageOf(error), bytes };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the body says it is. */
interface Stated {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly apiVersion: string;
}

export interface DecodeTarget {
  /** What is expected, for messages. */
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly typeId: string;
}

/**
 * The body as an object of the version it names, without defaults.
 * @throws StatusError 400
 */
export function decodeAs(
  types: KindTypes,
  target: DecodeTarget,
  body: ParsedBody,
  validation: FieldValidation,
  warn: (text: string) => void,
): KubeObject {
  const stated = statedKind(target, body);
  const refuse = (why: string): Error =>
    statusErrors.badRequest(
      `${stated.kind} in version ${JSON.stringify(stated.version)} cannot be handled as a ${target.kind}: ${why}`,
    );
  const typeId = sameKind(stated, target) ? target.typeId : types.typeIdOf(stated.group, stated.version, stated.kind);
  if (typeId === undefined) {
    throw refuse(
      `no kind ${JSON.stringify(stated.kind)} is registered for version ${JSON.stringify(stated.apiVersion)} ${WHERE_REGISTERED}`,
    );
  }
  const report = new DecodeReport();
  let object: Record<string, unknown>;
  try {
    object = types.decoder(typeId).decode(body.value, report);
  } catch (error) {
    throw refuse(messageOf(error));
  }
  const strict = [...body.strictErrors, ...report.strictErrors, ...(body.duplicates ?? [])];
  if (strict.length > 0) {
    if (validation === 'Strict') throw refuse(`strict decoding error: ${strict.join(', ')}`);
    if (validation === 'Warn') for (const text of strict) warn(text);
  }
  if (typeId !== target.typeId) throw wrongKind(stated, target, refuse);
  return complete(object, stated);
}

function sameKind(stated: Stated, target: DecodeTarget): boolean {
  return stated.kind === target.kind && stated.group === target.group && stated.version === target.version;
}

/** A body of a known kind that is not what this path takes. */
function wrongKind(stated: Stated, target: DecodeTarget, refuse: (why: string) => Error): Error {
  if (stated.kind === target.kind && stated.group === target.group) {
    const expected = target.group === '' ? target.version : `${target.group}/${target.version}`;
    return statusErrors.badRequest(
      `the API version in the data (${stated.apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  const goName = (group: string, version: string, kind: string): string =>
    `(${version}.${kind}) to (${group.split('.')[0] || 'core'}.${target.kind})`;
  return refuse(`converting ${goName(target.group, stated.version, stated.kind)}: unknown conversion`);
}

/** @throws StatusError 400 when the body is no object at all */
function statedKind(target: DecodeTarget, body: ParsedBody): Stated {
  const unrecognized = (why: string): Error =>
    statusErrors.badRequest(
      `the object provided is unrecognized (must be of type ${target.kind}): couldn't get version/kind; ${why} (${summarizeBody(body.bytes)})`,
    );
  if (body.problem !== undefined) throw unrecognized(body.problem);
  const { value } = body;
  if (value !== null && (typeof value !== 'object' || Array.isArray(value))) {
    throw unrecognized(
      `json parse error: json: cannot unmarshal ${jsonType(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const { apiVersion, kind } = typeFields(value);
  const parsed = apiVersion === '' ? target : parseApiVersion(apiVersion);
  if (!parsed) throw unrecognized(`unexpected GroupVersion string: ${apiVersion}`);
  const expected = target.group === '' ? target.version : `${target.group}/${target.version}`;
  return {
    kind: kind || target.kind,
    group: parsed.group,
    version: parsed.version,
    apiVersion: apiVersion || expected,
  };
}

function typeFields(value: object | null): { readonly apiVersion: string; readonly kind: string } {
  const read = (key: string): string => {
    const field: unknown = value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
    return typeof field === 'string' ? field : '';
  };
  return { apiVersion: read('apiVersion'), kind: read('kind') };
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** kind and apiVersion first, as Go writes them and as lists expect it of shared bytes. */
function complete(object: Record<string, unknown>, stated: Stated): KubeObject {
  const { kind: _kind, apiVersion: _version, ...rest } = object;
  const metadata = (rest.metadata ?? {}) as KubeObject['metadata'];
  return { kind: stated.kind, apiVersion: stated.apiVersion, ...rest, metadata };
}

/** What a resource expects of a body. */
export function targetOf(resource: Resource): DecodeTarget {
  return { kind: resource.kind, group: resource.group, version: resource.version, typeId: resource.info.typeId };
}

/** The body as a new object of `resource`: defaulted, in the hub version. @throws StatusError 400 */
export function decodeObject(
  resource: Resource,
  body: ParsedBody,
  validation: FieldValidation,
  warn: (text: string) => void,
): KubeObject {
  const object = decodeAs(resource.types, targetOf(resource), body, validation, warn);
  resource.applyDefaults(object);
  return resource.toHub(object);
}
