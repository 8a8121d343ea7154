/**
 * The API of @regatta/client's MemoryTransport with what controllers see of a real apiserver besides: discovery,
 * generations, the life and end of namespaces, propagation policies, Pods that end gracefully, and strategic merges of
 * the lists that controllers patch.
 */
import type { KubeObject } from '@regatta/api';
import { jsonCodec, type RawWatchEvent, resources, type Transport, type TransportRequest } from '@regatta/client';
import { MemoryTransport } from '@regatta/client/testing';
import type { Clock } from '@regatta/runtime';

type Loose = KubeObject & { spec?: Record<string, unknown>; status?: Record<string, unknown> };
type Answer = Awaited<ReturnType<Transport['send']>>;

/** Stands for a kubelet that has yet to confirm a Pod's end. */
const KUBELET = 'test/kubelet';

const MERGE_KEYS: Readonly<Record<string, string>> = { ownerReferences: 'uid', conditions: 'type' };

export class TestApi implements Transport {
  readonly codec = jsonCodec;
  readonly memory: MemoryTransport;
  /** Requests to refuse: throw a StatusError. */
  intercept: (request: TransportRequest) => void = () => {};

  constructor(readonly clock: Clock) {
    this.memory = new MemoryTransport({ clock, intercept: (request) => this.intercept(request) });
  }

  async send(request: TransportRequest): Promise<Answer> {
    const discovered = discoveryAnswer(request);
    if (discovered) return answer(discovered);
    const { method } = request;
    if (method === 'POST' || method === 'PUT') return this.memory.send({ ...request, body: this.#admit(request) });
    if (method === 'PATCH' && request.headers['content-type']?.includes('strategic')) {
      return this.memory.send({ ...request, body: this.#strategic(request) });
    }
    if (method === 'DELETE') return this.#delete(request);
    return this.memory.send(request);
  }

  watch(request: TransportRequest, signal: AbortSignal): Promise<AsyncIterable<RawWatchEvent>> {
    return this.memory.watch(request, signal);
  }

  close(): Promise<void> {
    return this.memory.close();
  }

  object(path: Path): Loose | undefined {
    return this.memory.store.get(path.collection, path.key) as Loose | undefined;
  }

  #admit({ method, url, body }: TransportRequest): Uint8Array | undefined {
    const path = parsePath(url);
    const object = body ? (jsonCodec.decode(body) as Loose) : undefined;
    if (!object?.metadata || (path.subresource && path.subresource !== 'status')) return body;
    const old = this.object(path);
    const changed = method === 'POST' || JSON.stringify(old?.spec) !== JSON.stringify(object.spec);
    const generation = (old?.metadata.generation ?? 0) + (changed && path.subresource === undefined ? 1 : 0);
    const admitted: Loose = { ...object, metadata: { ...object.metadata, generation } };
    if (path.collection === '/namespaces' && method === 'POST') {
      admitted.spec = { finalizers: ['kubernetes'] };
      admitted.status = { phase: 'Active' };
      admitted.metadata.finalizers = ['test/namespace'];
    }
    if (path.collection === '/namespaces' && method === 'PUT') admitted.metadata.finalizers = ['test/namespace'];
    if (path.subresource === 'status') admitted.metadata.finalizers = old?.metadata.finalizers;
    return jsonCodec.encode(admitted);
  }

  async #delete(request: TransportRequest): Promise<Answer> {
    const { url, body } = request;
    const path = parsePath(url);
    if (path.key.endsWith('/')) return this.#deleteCollection(request);
    const options = body ? (jsonCodec.decode(body) as { gracePeriodSeconds?: number }) : {};
    if (options.gracePeriodSeconds === 0) this.#takeKubeletOff(path);
    this.#prepareDelete(url, options);
    const waits = (this.object(path)?.metadata.finalizers ?? []).length > 0;
    return this.memory.send(waits ? { ...request, method: 'GET', body: undefined } : request);
  }

  async #deleteCollection(request: TransportRequest): Promise<Answer> {
    const url = request.url.split('?')[0] ?? '';
    const { items } = jsonCodec.decode((await this.memory.send({ ...request, method: 'GET' })).body) as {
      items: KubeObject[];
    };
    for (const { metadata } of items) await this.#delete({ ...request, url: `${url}/${metadata.name}` });
    return answer({ kind: 'List', items });
  }

  #strategic({ url, body }: TransportRequest): Uint8Array {
    const old = this.object(parsePath(url));
    return jsonCodec.encode(mergeLists(old, jsonCodec.decode(body ?? new Uint8Array())));
  }

  #takeKubeletOff(path: Path): void {
    const object = this.object(path);
    if (!object) return;
    const finalizers = object.metadata.finalizers?.filter((name) => name !== KUBELET) ?? [];
    this.memory.store.put(path.collection, path.key, { ...object, metadata: { ...object.metadata, finalizers } });
  }

  /** Puts on what an apiserver puts on an object that waits for its deletion: a Pod on a node waits for its kubelet. */
  #prepareDelete(url: string, options: { propagationPolicy?: string; gracePeriodSeconds?: number }): void {
    const path = parsePath(url);
    const object = this.object(path);
    if (!object || object.metadata.deletionTimestamp) return;
    const policy = { Foreground: 'foregroundDeletion', Orphan: 'orphan' }[options.propagationPolicy ?? ''];
    const spec = object.spec as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined;
    const graceful = path.collection === '/pods' && spec?.nodeName !== undefined && options.gracePeriodSeconds !== 0;
    const kubelet = graceful ? [KUBELET] : [];
    const finalizers = [...(object.metadata.finalizers ?? []), ...(policy ? [policy] : []), ...kubelet];
    if (finalizers.length === 0) return;
    const deletionTimestamp = `${new Date(this.clock.now()).toISOString().slice(0, 19)}Z`;
    const metadata = { ...object.metadata, finalizers, deletionTimestamp };
    this.memory.store.put(path.collection, path.key, { ...object, metadata });
  }
}

interface Path {
  readonly collection: string;
  readonly key: string;
  readonly subresource: string | undefined;
}

function parsePath(url: string): Path {
  const parts = (url.split('?')[0] ?? '').split('/').slice(1).map(decodeURIComponent);
  const group = parts[0] === 'api' ? '' : (parts[1] ?? '');
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3);
  const namespaced = rest[0] === 'namespaces' && rest.length > 2 && !['status', 'finalize'].includes(rest[2] ?? '');
  const [resource = '', name = '', subresource] = namespaced ? rest.slice(2) : rest;
  return { collection: `${group}/${resource}`, key: `${namespaced ? (rest[1] ?? '') : ''}/${name}`, subresource };
}

function answer(body: unknown): Answer {
  return { code: 200, headers: { 'content-type': 'application/json' }, body: jsonCodec.encode(body) };
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

function discoveryAnswer({ method, url }: TransportRequest): unknown {
  const path = /^\/(?:api\/(v1)|apis(?:\/([^/]+)\/([^/]+))?)$/.exec(url);
  if (method !== 'GET' || !path) return undefined;
  const [, core, group, version] = path;
  const all = Object.values(resources);
  if (core === undefined && group === undefined) return groupList(all);
  const served = all.filter((ref) => ref.group === (group ?? '') && ref.version === (version ?? core));
  return {
    resources: served.map(({ resource, kind, namespaced }) => ({ name: resource, kind, namespaced, verbs: VERBS })),
  };
}

function groupList(all: readonly { group: string; version: string }[]): unknown {
  const names = new Map(all.filter(({ group }) => group !== '').map(({ group, version }) => [group, version]));
  return {
    groups: [...names].map(([name, version]) => {
      const preferredVersion = { groupVersion: `${name}/${version}`, version };
      return { name, versions: [preferredVersion], preferredVersion };
    }),
  };
}

function mergeLists(old: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  return Object.fromEntries(
    Object.entries(patch).map(([field, value]) => {
      const [name, without] = field.startsWith(DELETE_FROM) ? [field.slice(DELETE_FROM.length), value] : [field, []];
      const current = (old as Record<string, unknown> | undefined)?.[name];
      if (name === 'finalizers') return [name, mergeNames(current, without === value ? [] : value, without)];
      const key = MERGE_KEYS[name];
      return [name, key && Array.isArray(value) ? mergeByKey(key, current, value) : mergeLists(current, value)];
    }),
  );
}

function mergeNames(old: unknown, added: unknown, removed: unknown): string[] {
  const [names, more, less] = [old, added, removed].map((list) => (Array.isArray(list) ? (list as string[]) : []));
  return [...new Set([...(names ?? []), ...(more ?? [])])].filter((name) => !less?.includes(name));
}

/** How a strategic merge takes values out of a list of plain ones. */
const DELETE_FROM = '$deleteFromPrimitiveList/';

type Item = Record<string, unknown>;

function mergeByKey(key: string, old: unknown, patch: readonly Item[]): Item[] {
  const items = new Map((Array.isArray(old) ? (old as Item[]) : []).map((item) => [item[key], item]));
  for (const item of patch) {
    if (item['$patch'] === 'delete') items.delete(item[key]);
    else items.set(item[key], { ...items.get(item[key]), ...item });
  }
  return [...items.values()];
}
