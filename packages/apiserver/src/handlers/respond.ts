/**
 * Objects and lists as answers, in the form that was negotiated. Whole objects in their stored version share their bytes
 * with every other answer; anything else is made for this answer.
 */
import { type KubeObject, statusErrors, type TypeMeta } from '@regatta/api';
import type { Resource } from '../registry/resource.ts';
import type { FixedResponse, ResponseHeaders } from '../server/exchange.ts';
import type { StoredObject } from '../storage/object-storage.ts';
import { listHead } from './msgpack-frames.ts';
import type { Negotiated } from './negotiation.ts';
import { type Printed, partialMetadata, type TableSource } from './transforms.ts';

const NEWLINE = Buffer.from('\n');
const COMMA = Buffer.from(',');
const LIST_END = Buffer.from(']}\n');
const OPEN = Buffer.from('{');

export interface ObjectToSend {
  /** In the hub version. */
  readonly object: KubeObject;
  readonly stored?: StoredObject | undefined;
}

/** An answer in an encoding that is rarely asked for has to wait for it once; JSON is at hand. */
export function whenEncodable<T>({ encoding }: Pick<Negotiated, 'encoding'>, make: () => T): T | Promise<T> {
  return encoding.prepare ? encoding.prepare().then(make) : make();
}

export function sendObject(
  resource: Resource,
  { object, stored }: ObjectToSend,
  negotiated: Negotiated,
  code: number,
  tables: TableSource,
): FixedResponse {
  const { encoding, transform, pretty } = negotiated;
  const headers: ResponseHeaders = { 'content-type': encoding.mediaType };
  if (transform === 'object' && stored && resource.isHub && encoding.shared && !pretty) {
    const bytes = stored.bytes(encoding.shared);
    return { code, headers, body: encoding.shared === 'json' ? [bytes, NEWLINE] : [bytes] };
  }
  return { code, headers, body: [encoding.encode(viewed(resource, object, negotiated, tables), pretty)] };
}

function viewed(resource: Resource, object: KubeObject, negotiated: Negotiated, tables: TableSource): unknown {
  if (negotiated.transform === 'partial-metadata') return partialMetadata(object, negotiated.transformVersion);
  if (negotiated.transform === 'partial-metadata-list') {
    const what = `the requested object is not a list (${goType(resource, '')})`;
    throw statusErrors.notAcceptable(`you requested PartialObjectMetadataList, but ${what}`);
  }
  return negotiated.transform === 'table' ? rowOf(resource, object, negotiated, tables) : resource.fromHub(object);
}

function rowOf(printed: Printed, object: KubeObject, negotiated: Negotiated, tables: TableSource): object {
  const { resourceVersion } = object.metadata;
  const { include, transformVersion } = negotiated;
  return tables.table(printed, [object], include, transformVersion, resourceVersion ? { resourceVersion } : {});
}

/** An object of a kind that a subresource makes: a Scale. */
export function sendView(kind: string, object: KubeObject, negotiated: Negotiated, tables: TableSource): FixedResponse {
  if (negotiated.transform === 'object') return sendValue(object, negotiated, 200);
  const partial = negotiated.transform === 'partial-metadata';
  const view = partial
    ? partialMetadata(object, negotiated.transformVersion)
    : rowOf({ kind, custom: undefined, isHub: true, fromHub: (o) => o }, object, negotiated, tables);
  return sendValue(view, negotiated, 200);
}

/** Any value that is no stored object: a Status, a Scale, a review. */
export function sendValue(value: unknown, negotiated: Negotiated, code: number): FixedResponse {
  const headers: ResponseHeaders = { 'content-type': negotiated.encoding.mediaType };
  return { code, headers, body: [negotiated.encoding.encode(value, negotiated.pretty)] };
}

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** Gives a body that was made for this state before, or what `make` makes. */
export type BodyKeeper = (encoding: string, state: string, make: () => readonly Uint8Array[]) => Uint8Array;

export function sendList(
  resource: Resource,
  items: readonly StoredObject[],
  metadata: ListMeta,
  negotiated: Negotiated,
  tables: TableSource,
  keeper?: BodyKeeper,
): FixedResponse {
  const { encoding, transform, pretty } = negotiated;
  const headers: ResponseHeaders = { 'content-type': encoding.mediaType };
  const { shared } = encoding;
  if (transform === 'object' && resource.isHub && shared && !pretty) {
    const make = (): readonly Uint8Array[] =>
      shared === 'json' ? jsonList(resource, items, metadata) : msgpackList(resource, items, metadata);
    const body = keeper && items.length > 1 ? [keeper(shared, JSON.stringify(metadata), make)] : make();
    return { code: 200, headers, body };
  }
  const objects = encoding.list && messagesOf(resource, items, negotiated);
  if (encoding.list && objects) {
    const head = { ...listType(resource, negotiated), metadata };
    return { code: 200, headers, body: [encoding.list(head, objects)] };
  }
  const list = listValue(resource, items, metadata, negotiated, tables);
  return { code: 200, headers, body: [encoding.encode(list, pretty)] };
}

/** Items as an encoding keeps their bytes; undefined where the list is made as a whole. */
function messagesOf(
  resource: Resource,
  items: readonly StoredObject[],
  { transform, transformVersion }: Negotiated,
): readonly object[] | undefined {
  if (transform === 'partial-metadata-list')
    return items.map(({ object }) => partialMetadata(object, transformVersion));
  if (transform !== 'object' || resource.custom) return undefined;
  return items.map(({ object }) => resource.fromHub(object));
}

function listType(resource: Resource, { transform, transformVersion }: Negotiated): TypeMeta {
  if (transform === 'object') return { kind: resource.listKind, apiVersion: resource.apiVersion };
  return { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${transformVersion}` };
}

function listValue(
  resource: Resource,
  items: readonly StoredObject[],
  metadata: ListMeta,
  negotiated: Negotiated,
  tables: TableSource,
): unknown {
  const version = negotiated.transformVersion;
  if (negotiated.transform === 'table') {
    return tables.table(
      resource,
      items.map((item) => item.object),
      negotiated.include,
      version,
      metadata,
    );
  }
  if (negotiated.transform === 'partial-metadata-list') {
    return {
      ...listType(resource, negotiated),
      metadata,
      items: items.map((item) => partialMetadata(item.object, version)),
    };
  }
  if (negotiated.transform === 'partial-metadata') {
    const what = `the requested object is a list (${goType(resource, 'List')})`;
    throw statusErrors.notAcceptable(`you requested PartialObjectMetadata, but ${what}`);
  }
  if (resource.custom) {
    return customList(
      resource,
      items.map((item) => item.object),
      metadata,
    );
  }
  return {
    ...listType(resource, negotiated),
    metadata,
    items: items.map((item) => withoutType(resource.fromHub(item.object))),
  };
}

/** The Go type that upstream's handlers have in hand: of the internal version. */
function goType({ custom, hub, kind }: Resource, list: string): string {
  if (custom) return `*unstructured.Unstructured${list}`;
  const [first = ''] = hub.group.split('.');
  return `*${INTERNAL_PACKAGES.get(hub.group) ?? first}.${kind}${list}`;
}

const INTERNAL_PACKAGES: ReadonlyMap<string, string> = new Map([
  ['', 'core'],
  ['events.k8s.io', 'core'],
  ['internal.apiserver.k8s.io', 'apiserverinternal'],
]);

/** Lists of custom resources are no Go structs: members by name, items whole, `continue` also when there is none. */
function customList(resource: Resource, items: unknown, metadata: ListMeta): object {
  return {
    apiVersion: resource.apiVersion,
    items,
    kind: resource.listKind,
    metadata: { continue: '', ...metadata },
  };
}

function customJsonList(resource: Resource, items: readonly StoredObject[], metadata: ListMeta): Uint8Array[] {
  const [head = '', tail = ''] = JSON.stringify(customList(resource, [], metadata)).split('[]');
  const body: Uint8Array[] = [Buffer.from(`${head}[`)];
  for (const [i, item] of items.entries()) {
    if (i > 0) body.push(COMMA);
    body.push(item.bytes('json'));
  }
  body.push(Buffer.from(`]${tail}\n`));
  return body;
}

/** Items of typed lists don't repeat what the list says. */
function withoutType({ kind: _kind, apiVersion: _version, ...rest }: KubeObject): object {
  return rest;
}

function jsonList(resource: Resource, items: readonly StoredObject[], metadata: ListMeta): Uint8Array[] {
  if (resource.custom) return customJsonList(resource, items, metadata);
  const { listKind, apiVersion } = resource;
  const head = `{"kind":"${listKind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`;
  const body: Uint8Array[] = [Buffer.from(head)];
  let first = true;
  for (const item of items) {
    if (!first) body.push(COMMA);
    first = false;
    pushItem(body, resource.jsonHead, item);
  }
  body.push(LIST_END);
  return body;
}

/** An item's shared bytes, its kind and apiVersion cut off. */
function pushItem(body: Uint8Array[], head: Uint8Array, item: StoredObject): void {
  const bytes = item.bytes('json');
  if (startsWith(bytes, head)) body.push(OPEN, bytes.subarray(head.length));
  else body.push(Buffer.from(JSON.stringify(withoutType(item.object))));
}

function startsWith(bytes: Uint8Array, head: Uint8Array): boolean {
  for (let i = 0; i < head.length; i++) if (bytes[i] !== head[i]) return false;
  return true;
}

function msgpackList(resource: Resource, items: readonly StoredObject[], metadata: ListMeta): Uint8Array[] {
  const fields = { kind: resource.listKind, apiVersion: resource.apiVersion, metadata };
  return [...listHead(fields, items.length), ...items.map((item) => item.bytes('msgpack'))];
}
