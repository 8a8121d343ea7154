/**
 * What form an answer takes: the Accept header against what can be given
 * (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/negotiation/negotiate.go).
 *
 * Worked example: `application/json;as=Table;v=v1;g=meta.k8s.io,application/json` on a list is a Table in JSON; on a path
 * that has no table it falls back to the second clause.
 */
import { PROTOBUF, statusErrors } from '@regatta/api';
import { headerValue, type ServerRequest } from '../server/exchange.ts';
import { type BodyEncoding, encodings } from './encodings.ts';

/** The shape that was asked for. `object`: the resource itself. */
export type Transform = 'object' | 'table' | 'partial-metadata' | 'partial-metadata-list';

export interface Negotiated {
  readonly encoding: BodyEncoding;
  readonly transform: Transform;
  /** meta.k8s.io version of the transform: v1 or v1beta1. */
  readonly transformVersion: string;
  readonly pretty: boolean;
}

interface Clause {
  readonly type: string;
  readonly as: string;
  readonly group: string;
  readonly version: string;
  readonly pretty: boolean;
  readonly quality: number;
}

/** Which transforms a handler can give. */
export type Allowed = readonly Transform[];

export const OBJECT_ONLY: Allowed = ['object'];
export const OBJECT_VIEWS: Allowed = ['object', 'table', 'partial-metadata'];
export const LIST_VIEWS: Allowed = ['object', 'table', 'partial-metadata-list'];

/** Parsed headers, since clients send few different ones. */
const cache = new Map<string, readonly Clause[]>();
const CACHE_LIMIT = 512;
const LONGEST_CACHED = 512;

/**
 * @param textOnly the resource itself has no protobuf: custom ones
 * @throws StatusError 406
 */
export function negotiate(
  request: ServerRequest,
  query: URLSearchParams,
  allowed: Allowed,
  textOnly = false,
): Negotiated {
  const header = headerValue(request, 'accept');
  for (const clause of header ? clausesOf(header) : ANYTHING) {
    const encoding = encodings.forMediaType(clause.type);
    const transform = encoding && transformOf(clause);
    if (!encoding || !transform || !allowed.includes(transform)) continue;
    if (textOnly && transform === 'object' && encoding.mediaType === PROTOBUF) continue;
    return {
      encoding,
      transform,
      transformVersion: clause.version,
      pretty: prettyOf(request, query, clause),
    };
  }
  throw statusErrors.notAcceptable(notAcceptableMessage());
}

export function notAcceptableMessage(): string {
  return `406: Not Acceptable\n\nAvailable representations: ${encodings.advertised.join(', ')}`;
}

const ANYTHING: readonly Clause[] = [{ type: '*/*', as: '', group: '', version: '', pretty: false, quality: 1 }];

function clausesOf(header: string): readonly Clause[] {
  const cached = cache.get(header);
  if (cached) return cached;
  const clauses = header
    .split(',')
    .map(parseClause)
    .sort((a, b) => b.quality - a.quality);
  if (cache.size >= CACHE_LIMIT) cache.clear();
  if (header.length <= LONGEST_CACHED) cache.set(header, clauses);
  return clauses;
}

function parseClause(text: string): Clause {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const values = new Map<string, string>();
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=');
    if (equals > 0) values.set(parameter.slice(0, equals).trim().toLowerCase(), parameter.slice(equals + 1).trim());
  }
  const quality = Number(values.get('q') ?? '1');
  return {
    type: type.toLowerCase(),
    as: values.get('as') ?? '',
    group: values.get('g') ?? '',
    version: values.get('v') ?? '',
    pretty: values.get('pretty') === '1',
    quality: Number.isFinite(quality) ? quality : 0,
  };
}

function transformOf(clause: Clause): Transform | undefined {
  if (clause.as === '') return 'object';
  if (clause.group !== 'meta.k8s.io') return undefined;
  const { version } = clause;
  if (version !== 'v1' && version !== 'v1beta1') return undefined;
  if (clause.as === 'Table') return 'table';
  if (clause.as === 'PartialObjectMetadata') return 'partial-metadata';
  return clause.as === 'PartialObjectMetadataList' ? 'partial-metadata-list' : undefined;
}

/** Browsers, curl and wget get readable JSON unasked, as upstream does it. */
function prettyOf(request: ServerRequest, query: URLSearchParams, clause: Clause): boolean {
  if (clause.pretty) return true;
  const asked = query.get('pretty');
  if (asked !== null) return asked !== 'false' && asked !== '0';
  const agent = headerValue(request, 'user-agent');
  return agent !== undefined && /^(?:curl|Wget|Mozilla\/5\.0)/.test(agent);
}
