/**
 * The paths of resources as OpenAPI operations, with the extensions by which clients find kinds: kubectl explain goes from
 * a resource to its kind through x-kubernetes-group-version-kind, and looks for query parameters such as fieldValidation.
 */
import { groupVersionPath, type ResourceInfo, type SubresourceInfo } from '@regatta/api';
import { type Json, type OpenApiVersion, schemaRef } from './schema-document.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
export const STATUS_TYPE = `${META}.Status`;
export const DELETE_OPTIONS_TYPE = `${META}.DeleteOptions`;
const PATCH_TYPE = `${META}.Patch`;
export const WATCH_EVENT_TYPE = `${META}.WatchEvent`;
/** Types that every document refers to. */
export const SHARED_TYPES: readonly string[] = [STATUS_TYPE, DELETE_OPTIONS_TYPE, PATCH_TYPE, WATCH_EVENT_TYPE];

const ENCODINGS = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const STREAMS = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const PATCHES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

/** Custom resources have no protobuf, and no merge keys. */
const CUSTOM_ENCODINGS = ENCODINGS.slice(0, 2);
const CUSTOM_STREAMS = STREAMS.slice(0, 1);
const CUSTOM_PATCHES = PATCHES.filter((type) => !type.includes('strategic'));

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type ParameterType = 'string' | 'boolean' | 'integer';

interface Verb {
  readonly verb: string;
  readonly method: Method;
  /** Upstream's x-kubernetes-action. */
  readonly action: string;
  /** First word of the operation id. */
  readonly name: string;
  readonly query: Readonly<Record<string, ParameterType>>;
}

const LIST_QUERY = {
  allowWatchBookmarks: 'boolean',
  continue: 'string',
  fieldSelector: 'string',
  labelSelector: 'string',
  limit: 'integer',
  resourceVersion: 'string',
  resourceVersionMatch: 'string',
  sendInitialEvents: 'boolean',
  timeoutSeconds: 'integer',
  watch: 'boolean',
} as const;
const WRITE_QUERY = { dryRun: 'string', fieldManager: 'string', fieldValidation: 'string' } as const;
const DELETE_QUERY = {
  dryRun: 'string',
  gracePeriodSeconds: 'integer',
  ignoreStoreReadErrorWithClusterBreakingPotential: 'boolean',
  orphanDependents: 'boolean',
  propagationPolicy: 'string',
} as const;

const COLLECTION_VERBS: readonly Verb[] = [
  { verb: 'list', method: 'get', action: 'list', name: 'list', query: LIST_QUERY },
  { verb: 'create', method: 'post', action: 'post', name: 'create', query: WRITE_QUERY },
  {
    verb: 'deletecollection',
    method: 'delete',
    action: 'deletecollection',
    name: 'deleteCollection',
    query: { ...LIST_QUERY, ...DELETE_QUERY },
  },
];
const OBJECT_VERBS: readonly Verb[] = [
  { verb: 'get', method: 'get', action: 'get', name: 'read', query: {} },
  { verb: 'create', method: 'post', action: 'post', name: 'create', query: WRITE_QUERY },
  { verb: 'update', method: 'put', action: 'put', name: 'replace', query: WRITE_QUERY },
  { verb: 'patch', method: 'patch', action: 'patch', name: 'patch', query: { ...WRITE_QUERY, force: 'boolean' } },
  { verb: 'delete', method: 'delete', action: 'delete', name: 'delete', query: DELETE_QUERY },
];

/** What an operation is about. */
interface Subject {
  readonly version: OpenApiVersion;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly typeId: string | undefined;
  /** `CoreV1Namespaced`, the middle of operation ids. */
  readonly idStem: string;
  readonly tag: string;
  readonly custom: boolean;
}

/** All paths of a resource. @param listTypeId the type of its lists */
export function resourcePaths(version: OpenApiVersion, info: ResourceInfo, listTypeId: string | undefined): Json {
  const base = groupVersionPath(info);
  const scope = info.namespaced ? '/namespaces/{namespace}' : '';
  const collection = `${base}${scope}/${info.resource}`;
  const subject = subjectOf(version, info, info.namespaced ? 'Namespaced' : '');
  const paths: Json = {
    [collection]: pathItem(subject, COLLECTION_VERBS, info.verbs, info.namespaced, '', listTypeId),
  };
  if (info.namespaced && info.verbs.has('list')) {
    const everywhere = COLLECTION_VERBS.filter(({ verb }) => verb === 'list');
    const all = subjectOf(version, info, '');
    paths[`${base}/${info.resource}`] = pathItem(all, everywhere, info.verbs, false, 'ForAllNamespaces', listTypeId);
  }
  const objectVerbs = OBJECT_VERBS.filter(({ verb }) => verb !== 'create');
  if (objectVerbs.some(({ verb }) => info.verbs.has(verb))) {
    paths[`${collection}/{name}`] = named(pathItem(subject, objectVerbs, info.verbs, info.namespaced, ''), version);
  }
  for (const sub of info.subresources.values()) {
    paths[`${collection}/{name}/${sub.name}`] = subresourcePath(version, info, sub);
  }
  return paths;
}

function subjectOf(version: OpenApiVersion, info: ResourceInfo, scope: string): Subject {
  const group = info.group === '' ? 'core' : (info.group.split('.')[0] ?? '');
  return {
    version,
    kind: { group: info.group, version: info.version, kind: info.kind },
    typeId: info.typeId,
    idStem: `${capital(group)}${capital(info.version)}${scope}${info.kind}`,
    tag: `${group}_${info.version}`,
    custom: info.custom === true,
  };
}

function subresourcePath(version: OpenApiVersion, info: ResourceInfo, sub: SubresourceInfo): Json {
  const parent = subjectOf(version, info, info.namespaced ? 'Namespaced' : '');
  const subject = {
    ...parent,
    kind: { group: sub.group, version: sub.version, kind: sub.kind },
    typeId: sub.typeId,
    idStem: `${parent.idStem}${capital(sub.name)}`,
  };
  return named(pathItem(subject, OBJECT_VERBS, sub.verbs, info.namespaced, ''), version);
}

function pathItem(
  subject: Subject,
  verbs: readonly Verb[],
  served: ReadonlySet<string>,
  namespaced: boolean,
  suffix: string,
  listTypeId?: string,
): Json {
  const item: Json = {};
  for (const verb of verbs) {
    if (served.has(verb.verb)) item[verb.method] = operation(subject, verb, suffix, listTypeId);
  }
  if (namespaced) item['parameters'] = [pathParameter(subject.version, 'namespace')];
  return item;
}

function named(item: Json, version: OpenApiVersion): Json {
  const others = (item['parameters'] ?? []) as Json[];
  return { ...item, parameters: [pathParameter(version, 'name'), ...others] };
}

function operation(subject: Subject, verb: Verb, suffix: string, listTypeId: string | undefined): Json {
  const { version, kind, idStem, tag } = subject;
  const streams = verb.verb === 'list';
  const result = streams ? listTypeId : verb.method === 'delete' ? STATUS_TYPE : subject.typeId;
  const parameters = Object.entries(verb.query).map(([name, type]) => parameter(version, name, 'query', type));
  const body = bodyOf(subject, verb);
  const answers = answerTypes(subject, streams);
  return {
    tags: [tag],
    operationId: `${verb.name}${idStem}${suffix}`,
    ...(version === 'v2' ? { consumes: body ? body.types : ['*/*'], produces: answers } : {}),
    ...parametersAndBody(version, parameters, body),
    responses: responses(version, result, answers),
    'x-kubernetes-action': verb.action,
    'x-kubernetes-group-version-kind': kind,
  };
}

interface Body {
  readonly typeId: string;
  readonly types: readonly string[];
}

function bodyOf({ typeId, custom }: Subject, { method }: Verb): Body | undefined {
  if (method === 'patch') return { typeId: PATCH_TYPE, types: custom ? CUSTOM_PATCHES : PATCHES };
  if (method === 'delete') return { typeId: DELETE_OPTIONS_TYPE, types: ['*/*'] };
  return method === 'get' || typeId === undefined ? undefined : { typeId, types: ['*/*'] };
}

function parametersAndBody(version: OpenApiVersion, parameters: Json[], body: Body | undefined): Json {
  if (version === 'v2') {
    const inBody = body ? [{ name: 'body', in: 'body', schema: schemaRef('v2', body.typeId) }] : [];
    const all = [...inBody, ...parameters];
    return all.length > 0 ? { parameters: all } : {};
  }
  return {
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { content: contentOf(body.types, body.typeId) } } : {}),
  };
}

function answerTypes({ custom }: Subject, streams: boolean): readonly string[] {
  if (custom) return streams ? [...CUSTOM_ENCODINGS, ...CUSTOM_STREAMS] : CUSTOM_ENCODINGS;
  return streams ? [...ENCODINGS, ...STREAMS] : ENCODINGS;
}

function responses(version: OpenApiVersion, typeId: string | undefined, answers: readonly string[]): Json {
  const ok: Json = { description: 'OK' };
  if (typeId !== undefined && version === 'v2') ok['schema'] = schemaRef('v2', typeId);
  if (typeId !== undefined && version === 'v3') {
    ok['content'] = contentOf(answers, typeId);
  }
  return { '200': ok, '401': { description: 'Unauthorized' } };
}

function contentOf(types: readonly string[], typeId: string): Json {
  return Object.fromEntries(types.map((type) => [type, { schema: schemaRef('v3', typeId) }]));
}

function pathParameter(version: OpenApiVersion, name: string): Json {
  return { ...parameter(version, name, 'path', 'string'), required: true };
}

function parameter(version: OpenApiVersion, name: string, where: 'path' | 'query', type: ParameterType): Json {
  const schema = { type, uniqueItems: true };
  return { name, in: where, ...(version === 'v2' ? schema : { schema }) };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
