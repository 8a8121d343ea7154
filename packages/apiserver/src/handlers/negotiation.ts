/**
 * What form an answer takes: the Accept header against what can be given
 * (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/negotiation/negotiate.go, and go-restful's check of a
 * route's representations before it).
 *
 * Worked example: `application/json;as=Table;v=v1;g=meta.k8s.io,application/json` on a list is a Table in JSON; on a path
 * that has no table it falls back to the second clause.
 */
import { PROTOBUF, statusErrors } from '@regatta/api';
import { headerValue, type ServerRequest } from '../server/exchange.ts';
import { type BodyEncoding, encodings } from './encodings.ts';
import { type IncludeObject, includeObject } from './transforms.ts';

/** The shape that was asked for. `object`: the resource itself. */
export type Transform = 'object' | 'table' | 'partial-metadata' | 'partial-metadata-list';

export interface Negotiated {
  readonly encoding: BodyEncoding;
  readonly transform: Transform;
  /** meta.k8s.io version of the transform: v1 or v1beta1. */
  readonly transformVersion: string;
  /** How much of the object a row of a table carries. */
  readonly include: IncludeObject;
  readonly pretty: boolean;
}

export interface Clause {
  readonly type: string;
  /** Undefined: what is asked for is nothing that any endpoint gives. */
  readonly transform: Transform | undefined;
  readonly version: string;
  readonly stream: string;
  readonly pretty: boolean;
  readonly quality: number;
}

/** What an endpoint can give. */
export interface Endpoint {
  /** Tables and metadata alone, too. */
  readonly transforms: boolean;
  /** It is a watch when it is asked for one. */
  readonly streams: boolean;
}

export const OBJECT_ONLY: Endpoint = { transforms: false, streams: false };
export const OBJECT_VIEWS: Endpoint = { transforms: true, streams: false };
export const LIST_VIEWS: Endpoint = { transforms: true, streams: true };

/** Parsed headers, since clients send few different ones. */
const cache = new Map<string, readonly Clause[]>();
const CACHE_LIMIT = 512;
const LONGEST_CACHED = 512;

/**
 * @param custom a custom resource: it has no protobuf of its own, and no route that looks at representations first
 * @throws StatusError 406; 400 for a table that nobody can make
 */
export function negotiate(
  request: ServerRequest,
  query: URLSearchParams,
  endpoint: Endpoint,
  custom = false,
): Negotiated {
  const header = headerValue(request, 'accept');
  const clauses = header ? acceptClauses(header) : ANYTHING;
  if (!custom && !clauses.some(({ type }) => type === '*/*' || encodings.isWhole(type))) {
    throw statusErrors.noSuchRepresentation(representations(endpoint));
  }
  const found = accepted(request, query, clauses, endpoint, custom);
  if (!found) throw statusErrors.notAcceptable(`${ONLY_ACCEPTED}${encodings.advertised.join(', ')}`);
  return found;
}

/** The form of an error, whatever its endpoint; undefined when nothing fits. */
export function negotiateError(request: ServerRequest, query: URLSearchParams): Negotiated | undefined {
  const header = headerValue(request, 'accept');
  return accepted(request, query, header ? acceptClauses(header) : ANYTHING, OBJECT_ONLY, false);
}

/** What a refusal says of a type whose parameters mean nothing. */
export const ONLY_ACCEPTED = 'only the following media types are accepted: ';

/** @throws StatusError 406 for encodings that a watch does not come in */
export function streamOf({ encoding }: Negotiated): NonNullable<BodyEncoding['stream']> {
  if (!encoding.stream) throw statusErrors.notAcceptable(ONLY_ACCEPTED + encodings.advertisedStreams.join(', '));
  return encoding.stream;
}

/** What a refusal names that the path itself gives. */
export function representations({ streams }: Endpoint): readonly string[] {
  return streams ? [...encodings.advertised, ...encodings.advertisedStreams] : encodings.advertised;
}

function accepted(
  request: ServerRequest,
  query: URLSearchParams,
  clauses: readonly Clause[],
  endpoint: Endpoint,
  custom: boolean,
): Negotiated | undefined {
  for (const clause of clauses) {
    const { transform, stream } = clause;
    const encoding = encodings.forMediaType(clause.type);
    if (!encoding || !transform || (transform !== 'object' && !endpoint.transforms)) continue;
    if (stream !== '' && (stream !== 'watch' || !encoding.stream)) continue;
    // Tables have no protobuf, nor have custom resources.
    if (encoding.mediaType === PROTOBUF && (transform === 'table' || (custom && transform === 'object'))) continue;
    return {
      encoding,
      transform,
      transformVersion: clause.version,
      include: transform === 'table' ? includeObject(query) : 'Metadata',
      pretty: prettyOf(request, query, clause),
    };
  }
  return undefined;
}

const ANYTHING: readonly Clause[] = [
  { type: '*/*', transform: 'object', version: '', stream: '', pretty: false, quality: 1 },
];

/** What an Accept header asks for, the most wanted first. */
export function acceptClauses(header: string): readonly Clause[] {
  const cached = cache.get(header);
  if (cached) return cached;
  const clauses = header
    .split(',')
    .map(parseClause)
    .sort((a, b) => b.quality - a.quality || wildness(a) - wildness(b));
  if (cache.size >= CACHE_LIMIT) cache.clear();
  if (header.length <= LONGEST_CACHED) cache.set(header, clauses);
  return clauses;
}

/** What says more is preferred to what says less. */
function wildness({ type }: Clause): number {
  if (type.startsWith('*/')) return 2;
  return type.endsWith('/*') ? 1 : 0;
}

function parseClause(text: string): Clause {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const values = new Map<string, string>();
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=');
    if (equals > 0) values.set(parameter.slice(0, equals).trim(), parameter.slice(equals + 1).trim());
  }
  const quality = Number(values.get('q') ?? '1');
  return {
    type,
    transform: transformOf(values),
    version: values.get('v') ?? '',
    stream: values.get('stream') ?? '',
    pretty: values.get('pretty') === '1',
    quality: Number.isFinite(quality) ? quality : 0,
  };
}

const TRANSFORMS: ReadonlyMap<string, Transform> = new Map([
  ['Table', 'table'],
  ['PartialObjectMetadata', 'partial-metadata'],
  ['PartialObjectMetadataList', 'partial-metadata-list'],
]);

function transformOf(values: ReadonlyMap<string, string>): Transform | undefined {
  const serverVersion = values.get('sv') ?? '';
  if (serverVersion !== '' && serverVersion !== 'v1') return undefined;
  if (!values.has('as') && !values.has('g') && !values.has('v')) return 'object';
  const version = values.get('v');
  if (values.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined;
  return TRANSFORMS.get(values.get('as') ?? '');
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

/** Browsers, curl and wget get readable JSON unasked, as upstream does it. */
function prettyOf(request: ServerRequest, query: URLSearchParams, clause: Clause): boolean {
  if (clause.pretty) return true;
  const asked = query.get('pretty');
  if (asked) return TRUE.has(asked);
  const agent = headerValue(request, 'user-agent');
  return agent !== undefined && /^(?:curl|Wget|Mozilla\/5\.0)/.test(agent);
}
