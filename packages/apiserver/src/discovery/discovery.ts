/**
 * /api, /apis and below: which groups, versions and resources there are, in the legacy form (one document per path) and
 * the aggregated form (everything at once, with an ETag)
 * (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/discovery, .../discovery/aggregated).
 *
 * Invariant: documents are made at the first request and kept until what is served changes.
 */
import { createHash } from 'node:crypto';
import { type GroupInfo, statusErrors } from '@regatta/api';
import { type BodyEncoding, encodings } from '../handlers/encodings.ts';
import { ONLY_ACCEPTED } from '../handlers/negotiation.ts';
import { whenEncodable } from '../handlers/respond.ts';
import type { Catalog } from '../registry/resource-registry.ts';
import type { ApiCall } from '../server/api-call.ts';
import { type FixedResponse, headerValue, type ServerResponse } from '../server/exchange.ts';
import { aggregatedDocument } from './aggregated.ts';
import { legacyResources, versionsOf } from './api-resources.ts';

const AGGREGATED_VERSIONS = ['v2', 'v2beta1'];

interface Wanted {
  readonly encoding: BodyEncoding;
  /** Version of the aggregated form; undefined for the legacy one. */
  readonly aggregated?: string;
}

export class Discovery {
  readonly #documents = new Map<string, object>();
  readonly #encoded = new Map<string, { readonly bytes: Uint8Array; readonly etag: string }>();
  #revision = -1;

  /** @param serverAddress tells host and port, as /api shows it */
  constructor(
    readonly catalog: Catalog,
    readonly serverAddress: () => string,
  ) {}

  get #groups(): readonly GroupInfo[] {
    return this.catalog.groups;
  }

  #forgetOld(): void {
    if (this.#revision === this.catalog.revision) return;
    this.#revision = this.catalog.revision;
    this.#documents.clear();
    this.#encoded.clear();
  }

  /** The answer for a discovery path; undefined when the path is none. */
  serve(call: ApiCall): ServerResponse | Promise<ServerResponse> | undefined {
    const path = call.info.path.length > 1 ? call.info.path.replace(/\/+$/, '') : call.info.path;
    const parts = path.split('/').slice(1);
    if (parts[0] !== 'api' && parts[0] !== 'apis') return undefined;
    this.#forgetOld();
    const root = path === '/api' || path === '/apis';
    const document = root ? undefined : this.#document(path, parts);
    if (!root && !document) return undefined;
    if (call.request.method !== 'GET') throw statusErrors.genericMethodNotAllowed();
    const wanted = wantedOf(headerValue(call.request, 'accept'), root);
    return whenEncodable({ encoding: wanted.encoding }, () => this.#answer(call, path, wanted));
  }

  #answer(call: ApiCall, path: string, wanted: Wanted): FixedResponse {
    const { encoding, aggregated } = wanted;
    const key = `${path} ${encoding.mediaType} ${aggregated ?? ''}`;
    let encoded = this.#encoded.get(key);
    if (!encoded) {
      const document = aggregated
        ? aggregatedDocument(this.catalog, path === '/api' ? this.#core : this.#named, aggregated)
        : this.#document(path, path.split('/').slice(1));
      const bytes = encoding.encode(document, false);
      encoded = { bytes, etag: `"${createHash('sha512').update(bytes).digest('hex').toUpperCase()}"` };
      this.#encoded.set(key, encoded);
    }
    if (!aggregated) return { code: 200, headers: { 'content-type': encoding.mediaType }, body: [encoded.bytes] };
    const headers = {
      'content-type': `${encoding.mediaType};g=apidiscovery.k8s.io;v=${aggregated};as=APIGroupDiscoveryList`,
      etag: encoded.etag,
      vary: 'Accept',
      'cache-control': 'public',
    };
    const unchanged = headerValue(call.request, 'if-none-match') === encoded.etag;
    return unchanged ? { code: 304, headers, body: [] } : { code: 200, headers, body: [encoded.bytes] };
  }

  get #core(): GroupInfo[] {
    return this.#groups.filter((group) => group.name === '');
  }

  get #named(): GroupInfo[] {
    return this.#groups.filter((group) => group.name !== '');
  }

  #document(path: string, parts: readonly string[]): object | undefined {
    let document = this.#documents.get(path);
    if (document) return document;
    document = this.#make(parts);
    if (document) this.#documents.set(path, document);
    return document;
  }

  #make([root, first, second, ...more]: readonly string[]): object | undefined {
    if (more.length > 0) return undefined;
    if (root === 'api') {
      if (first === undefined) return this.#apiVersions();
      return second === undefined ? this.#resourceList('', first) : undefined;
    }
    if (first === undefined) return { kind: 'APIGroupList', apiVersion: 'v1', groups: this.#named.map(apiGroup) };
    const group = this.#named.find(({ name }) => name === first);
    if (!group) return undefined;
    return second === undefined
      ? { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group) }
      : this.#resourceList(first, second);
  }

  #apiVersions(): object {
    return {
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: this.serverAddress() }],
    };
  }

  #resourceList(groupName: string, version: string): object | undefined {
    const group = this.#groups.find(({ name }) => name === groupName);
    const found = group && versionsOf(this.catalog, group).find((entry) => entry.version === version);
    if (!found) return undefined;
    const groupVersion = groupName === '' ? version : `${groupName}/${version}`;
    const resources = legacyResources(found);
    // The core group's list is older than its own versioning.
    return { kind: 'APIResourceList', ...(groupName === '' ? {} : { apiVersion: 'v1' }), groupVersion, resources };
  }
}

function apiGroup({ name, versions, preferred }: GroupInfo): object {
  const entry = (version: string): object => ({ groupVersion: `${name}/${version}`, version });
  return { name, versions: versions.map(entry), preferredVersion: entry(preferred) };
}

/** The first clause of Accept that can be served. @throws StatusError 406 */
function wantedOf(accept: string | undefined, root: boolean): Wanted {
  let known = false;
  for (const clause of (accept || '*/*').split(',')) {
    const [type = '', ...parameters] = clause.split(';').map((part) => part.trim());
    const encoding = encodings.forMediaType(type.toLowerCase());
    if (!encoding) continue;
    known = true;
    const values = new Map(parameters.map((parameter) => pair(parameter)));
    if (!values.has('as')) return { encoding };
    const version = values.get('v') ?? '';
    const aggregated = values.get('as') === 'APIGroupDiscoveryList' && values.get('g') === 'apidiscovery.k8s.io';
    if (root && aggregated && AGGREGATED_VERSIONS.includes(version)) return { encoding, aggregated: version };
  }
  if (known) throw statusErrors.notAcceptable(ONLY_ACCEPTED + encodings.advertised.join(', '));
  throw statusErrors.noSuchRepresentation(encodings.advertised);
}

function pair(text: string): [string, string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, ''] : [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
}
