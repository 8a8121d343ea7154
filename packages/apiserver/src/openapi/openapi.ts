/**
 * Serves /openapi/v2, /openapi/v3 and the documents under it (upstream: k8s.io/kube-openapi/pkg/handler and handler3).
 *
 * Documents are made at their first request and kept as bytes until what is served changes. Version 2 comes in JSON and in
 * gnostic's protobuf, version 3 in JSON alone. Whoever asks with a document's hash may keep it for good.
 */
import { createHash } from 'node:crypto';
import { type GroupVersion, statusErrors } from '@regatta/api';
import type { Clock } from '@regatta/runtime';
import { VERSION_INFO } from '../discovery/version.ts';
import { acceptClauses } from '../handlers/negotiation.ts';
import type { Catalog } from '../registry/resource-registry.ts';
import type { ApiCall } from '../server/api-call.ts';
import { type FixedResponse, headerValue, type ResponseHeaders, type ServerResponse } from '../server/exchange.ts';
import { documentKey, openApiV2, openApiV3 } from './openapi-documents.ts';
import type { SchemaSource } from './schema-document.ts';

const V2 = '/openapi/v2';
const V3 = '/openapi/v3';
const JSON_TYPE = 'application/json';
const PROTOBUF_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** As older clients name it: no media type by the standard. */
const PROTOBUF_OLD_TYPE = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const YEAR = 365 * 24 * 3600 * 1000;

interface Document {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

export class OpenApi {
  private readonly documents = new Map<string, Document>();
  private groupVersions: ReadonlyMap<string, GroupVersion> = new Map();
  private revision = -1;

  constructor(
    private readonly source: SchemaSource,
    private readonly catalog: Catalog,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly version: string = VERSION_INFO.gitVersion,
  ) {}

  private forgetOld(): void {
    const { revision, resources } = this.catalog;
    if (this.revision === revision) return;
    this.revision = revision;
    this.groupVersions = new Map(resources.map((r) => [documentKey(r), { group: r.group, version: r.version }]));
    // Documents of built-in versions never change.
    for (const key of this.documents.keys()) if (!this.isBuiltIn(key)) this.documents.delete(key);
  }

  private isBuiltIn(key: string): boolean {
    return this.source.schema.resources.some((r) => documentKey(r) === key);
  }

  /** Undefined for other paths. @throws StatusError 405 */
  serve(call: ApiCall): ServerResponse | Promise<ServerResponse> | undefined {
    const { path, query } = call.info;
    if (path !== V2 && path !== V3 && !path.startsWith(`${V3}/`)) return undefined;
    this.forgetOld();
    const key = path.slice(V3.length + 1);
    const gv = this.groupVersions.get(key);
    if (path.startsWith(`${V3}/`) && !gv) return undefined;
    if (call.request.method !== 'GET' && call.request.method !== 'HEAD') throw statusErrors.genericMethodNotAllowed();
    if (gv) return this.groupVersionDocument(call, key, gv, query.get('hash'));
    if (path === V2) return this.wholeDocument(call);
    const index = this.document(V3, () => jsonBytes(this.index()));
    // Upstream serves it as a file, whose kind Go guesses from its first bytes.
    return answer(call, index, { 'content-type': 'text/plain; charset=utf-8' });
  }

  private wholeDocument(call: ApiCall): FixedResponse | Promise<FixedResponse> {
    const type = acceptedType(call, [JSON_TYPE, PROTOBUF_OLD_TYPE, PROTOBUF_TYPE]);
    if (type === undefined) return notAcceptable();
    const make = (): Record<string, unknown> => openApiV2(this.source, this.catalog, this.version);
    if (type === JSON_TYPE) {
      const document = this.document(V2, () => jsonBytes(make()));
      return answer(call, document, { 'content-type': JSON_TYPE, vary: 'Accept' });
    }
    return import('./protobuf-document.ts').then(({ protobufDocument }) => {
      const document = this.document(`${V2} ${PROTOBUF_TYPE}`, () => protobufDocument(make()));
      return answer(call, document, { 'content-type': PROTOBUF_TYPE, vary: 'Accept' });
    });
  }

  private groupVersionDocument(call: ApiCall, key: string, gv: GroupVersion, hash: string | null): FixedResponse {
    if (acceptedType(call, [JSON_TYPE]) === undefined) return notAcceptable();
    const current = this.hashOf(key);
    const headers = { 'content-type': JSON_TYPE, etag: `"${current}"`, vary: 'Accept' };
    if (hash && hash !== current) {
      return { code: 301, headers: { ...headers, location: `${V3}/${key}?hash=${current}` }, body: [] };
    }
    const { bytes } = this.document(key, () => jsonBytes(openApiV3(this.source, this.catalog, gv, this.version)));
    return answer(call, { bytes, etag: headers.etag }, hash ? { ...headers, ...this.forGood() } : headers);
  }

  private forGood(): ResponseHeaders {
    const expires = new Date(this.clock.now() + YEAR).toUTCString();
    return { 'cache-control': 'public, immutable', expires: expires.replace('GMT', 'UTC') };
  }

  private index(): object {
    const urls = new Map([...this.groupVersions.keys()].map((key) => [key, `${V3}/${key}?hash=${this.hashOf(key)}`]));
    // Extension servers tell theirs themselves.
    for (const { openApi, ...version } of this.catalog.remote) if (openApi) urls.set(documentKey(version), openApi);
    const paths = [...urls].sort(([a], [b]) => (a < b ? -1 : 1));
    return { paths: Object.fromEntries(paths.map(([key, serverRelativeURL]) => [key, { serverRelativeURL }])) };
  }

  /** Documents depend on nothing but the version of the facts and on definitions, so the index needn't make them all. */
  private hashOf(key: string): string {
    const state = this.isBuiltIn(key) ? '' : ` ${this.catalog.revision}`;
    return createHash('sha512').update(`${this.version} ${key}${state}`).digest('hex').toUpperCase();
  }

  private document(key: string, make: () => Uint8Array): Document {
    let document = this.documents.get(key);
    if (!document) {
      const bytes = make();
      document = { bytes, etag: `"${createHash('sha512').update(bytes).digest('hex').toUpperCase()}"` };
      this.documents.set(key, document);
    }
    return document;
  }
}

function jsonBytes(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function answer(call: ApiCall, { bytes, etag }: Document, more: ResponseHeaders): FixedResponse {
  const headers = { ...more, etag };
  const known = headerValue(call.request, 'if-none-match');
  if (known !== undefined && isAmong(etag, known)) return { code: 304, headers, body: [] };
  return { code: 200, headers, body: [bytes] };
}

/** Whether one of the tags that a client has is this one (RFC 9110, 13.1.2). */
function isAmong(etag: string, known: string): boolean {
  return known.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}

/** The first of `types` that the best of what is accepted takes; undefined for none. */
function acceptedType({ request }: ApiCall, types: readonly string[]): string | undefined {
  for (const { type } of acceptClauses(headerValue(request, 'accept') || '*/*')) {
    const found = types.find((one) => type === one || type === '*/*' || type === 'application/*');
    if (found !== undefined) return found;
  }
  return undefined;
}

/** kube-openapi refuses without a word. */
function notAcceptable(): FixedResponse {
  return { code: 406, headers: { vary: 'Accept' }, body: [] };
}
