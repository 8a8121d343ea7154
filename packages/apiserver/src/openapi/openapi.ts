/**
 * Serves /openapi/v2, /openapi/v3 and the documents under it (upstream: k8s.io/kube-openapi/pkg/handler and handler3).
 *
 * Documents are made at their first request and kept as bytes with their ETag until what is served changes. Only JSON is offered: who insists on
 * protobuf gets 406.
 */
import { createHash } from 'node:crypto';
import { type GroupVersion, statusErrors } from '@regatta/api';
import { VERSION_INFO } from '../discovery/version.ts';
import type { Catalog } from '../registry/resource-registry.ts';
import type { ApiCall } from '../server/api-call.ts';
import { type FixedResponse, headerValue, type ServerResponse } from '../server/exchange.ts';
import { documentKey, openApiV2, openApiV3 } from './openapi-documents.ts';
import type { SchemaSource } from './schema-document.ts';

const V2 = '/openapi/v2';
const V3 = '/openapi/v3';
const JSON_TYPE = 'application/json';

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

  /** Undefined for other paths. @throws StatusError 405, 406 */
  serve(call: ApiCall): ServerResponse | undefined {
    const { path, query } = call.info;
    if (path !== V2 && path !== V3 && !path.startsWith(`${V3}/`)) return undefined;
    this.forgetOld();
    const key = path.slice(V3.length + 1);
    const gv = this.groupVersions.get(key);
    if (path.startsWith(`${V3}/`) && !gv) return undefined;
    if (call.request.method !== 'GET' && call.request.method !== 'HEAD') throw statusErrors.genericMethodNotAllowed();
    if (gv) return this.groupVersionDocument(call, key, gv, query.get('hash'));
    if (path === V2)
      return this.answer(
        call,
        this.document(V2, () => openApiV2(this.source, this.catalog, this.version)),
        {},
      );
    return this.answer(
      call,
      this.document(V3, () => this.index()),
      // Upstream serves it as a file, whose kind Go guesses from its first bytes.
      { 'content-type': 'text/plain; charset=utf-8' },
    );
  }

  private groupVersionDocument(call: ApiCall, key: string, gv: GroupVersion, hash: string | null): FixedResponse {
    const current = this.hashOf(key);
    if (hash !== null && hash !== current) {
      return { code: 301, headers: { location: `${V3}/${key}?hash=${current}` }, body: [] };
    }
    const document = this.document(key, () => openApiV3(this.source, this.catalog, gv, this.version));
    // Whoever asks with the hash may keep the document for good.
    return this.answer(call, document, hash === null ? {} : { 'cache-control': 'public, immutable' });
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

  private document(key: string, make: () => object): Document {
    let document = this.documents.get(key);
    if (!document) {
      const bytes = Buffer.from(JSON.stringify(make()));
      document = { bytes, etag: `"${createHash('sha512').update(bytes).digest('hex').toUpperCase()}"` };
      this.documents.set(key, document);
    }
    return document;
  }

  private answer(call: ApiCall, document: Document, more: Readonly<Record<string, string>>): FixedResponse {
    const accept = headerValue(call.request, 'accept') ?? '';
    if (!acceptsJson(accept)) throw statusErrors.noSuchRepresentation([JSON_TYPE]);
    const headers = { 'content-type': JSON_TYPE, etag: document.etag, vary: 'Accept', ...more };
    if (headerValue(call.request, 'if-none-match') === document.etag) return { code: 304, headers, body: [] };
    return { code: 200, headers, body: [document.bytes] };
  }
}

function acceptsJson(accept: string): boolean {
  if (accept.trim() === '') return true;
  return accept.split(',').some((range) => {
    const type = (range.split(';')[0] ?? '').trim();
    return type === JSON_TYPE || type === 'application/*' || type === '*/*';
  });
}
