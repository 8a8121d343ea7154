/**
 * registry.k8s.io/e2e-test-images/sample-apiserver: the extension server of upstream's Aggregator test
 * (upstream: k8s.io/sample-apiserver). It runs in a Pod and serves flunders and fischers to whomever the cluster's API
 * server vouches for.
 *
 * Invariants: a body is bounded by LONGEST_BODY; a watcher that doesn't read is cut off at MAX_UNREAD.
 */
import type { ServerResponse } from 'node:http';
import { statusErrors } from '@regatta/api';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { parseFlags } from '../agnhost/flags.ts';
import { isTrue } from '../extension/extension-request.ts';
import { type ExtensionCall, runExtensionServer, sendJson } from '../extension/extension-server.ts';
import { type Shown, selection, shownList, shownObject, wantsTable } from './wardle-answers.ts';
import {
  apiGroup,
  apiGroupList,
  DISCOVERY_TYPE,
  groupDiscovery,
  openApiV2,
  openApiV3,
  resourceList,
} from './wardle-documents.ts';
import { GROUP, kindsOf, VERSIONS } from './wardle-kinds.ts';
import { type WardleEvent, WardleStore } from './wardle-store.ts';
import { create, existing, patch, remove, type Target, update, type WriteOptions } from './wardle-writes.ts';

/** Bytes. */
export const LONGEST_BODY = 3 * 1024 * 1024;
/** Bytes that a watcher may leave unread. */
export const MAX_UNREAD = 1024 * 1024;
/** Real milliseconds of a watch without a time of its own. */
const WATCH_MS = 30 * 60_000;
const CREATED = 201;

export function sampleApiServer(process: ProcessContext): Promise<number> {
  const store = new WardleStore(process.hostname);
  return runExtensionServer(process, parseFlags(process.argv.slice(1)), async (call) => {
    if (serveDocument(call)) return true;
    const target = targetOf(call);
    if (!target) return false;
    await serveResource(process, store, call, target);
    return true;
  });
}

/** Discovery and schemas. */
function serveDocument({ path, request, response, isResource }: ExtensionCall): boolean {
  if (isResource || request.method !== 'GET') return false;
  const aggregated = path === '/apis' && (request.headers.accept ?? '').includes('as=APIGroupDiscoveryList');
  if (aggregated) {
    sendJson(response, 200, groupDiscovery(), DISCOVERY_TYPE);
    return true;
  }
  const document = documentAt(path);
  if (document) sendJson(response, 200, document);
  return document !== undefined;
}

function documentAt(path: string): object | undefined {
  if (path === '/apis') return apiGroupList();
  if (path === `/apis/${GROUP}`) return apiGroup();
  if (path === '/openapi/v2') return openApiV2();
  const base = `apis/${GROUP}`;
  if (path === '/openapi/v3') {
    const entries = VERSIONS.map((v) => [`${base}/${v}`, { serverRelativeURL: `/openapi/v3/${base}/${v}` }]);
    return { paths: Object.fromEntries(entries) };
  }
  const version = VERSIONS.find((v) => path === `/${base}/${v}`);
  if (version !== undefined) return resourceList(version);
  const schema = VERSIONS.find((v) => path === `/openapi/v3/${base}/${v}`);
  return schema === undefined ? undefined : openApiV3(schema);
}

function targetOf({
  isResource,
  group,
  version,
  resource,
  namespace,
  name,
  subresource,
}: ExtensionCall): Target | undefined {
  if (!isResource || group !== GROUP || subresource !== '') return undefined;
  const kind = kindsOf(version).find((own) => own.resource === resource);
  return kind && { kind, version, namespace: kind.namespaced ? namespace : '', name };
}

async function serveResource(
  process: ProcessContext,
  store: WardleStore,
  call: ExtensionCall,
  target: Target,
): Promise<void> {
  const { verb, query, request, response } = call;
  const shown: Shown = { kind: target.kind, version: target.version, asTable: wantsTable(request.headers.accept) };
  const answer = (code: number, value: object): void => sendJson(response, code, value);
  if (verb === 'get') return answer(200, shownObject(shown, existing(store, target)));
  if (verb === 'list') {
    const found = store.list(target.kind, target.namespace).filter(selection(query));
    return answer(200, shownList(shown, found, store.revision));
  }
  if (verb === 'watch') return watch(process, store, call, target, shown);
  const body = await bodyOf(call);
  const options = writeOptions(process, call);
  if (verb === 'create') return answer(CREATED, shownObject(shown, create(store, target, body, options)));
  if (verb === 'update') return answer(200, shownObject(shown, update(store, target, body, options)));
  if (verb === 'patch') {
    const type = (request.headers['content-type'] ?? '').split(';')[0] ?? '';
    return answer(200, shownObject(shown, patch(store, target, type, body, options)));
  }
  if (verb === 'delete') {
    const gone = remove(store, target, body, options);
    return answer(200, gone.metadata.deletionTimestamp ? shownObject(shown, gone) : deleted(target, gone.metadata.uid));
  }
  if (verb !== 'deletecollection') throw statusErrors.genericMethodNotAllowed();
  const found = store.list(target.kind, target.namespace).filter(selection(query));
  for (const { metadata } of found) {
    const one = { ...target, namespace: metadata.namespace ?? '', name: metadata.name };
    remove(store, one, body, options);
  }
  answer(200, shownList(shown, found, store.revision));
}

function deleted({ kind, name }: Target, uid: string | undefined): object {
  const details = { name, group: GROUP, kind: kind.resource, uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

function writeOptions(process: ProcessContext, { query, response }: ExtensionCall): WriteOptions {
  return {
    dryRun: query.get('dryRun') === 'All',
    fieldValidation: query.get('fieldValidation') ?? 'Warn',
    now: process.clock.now(),
    warn: (message) => void response.appendHeader('warning', `299 - ${JSON.stringify(message)}`),
  };
}

/** @throws StatusError 413 */
export async function bodyOf({ request }: { readonly request: AsyncIterable<Uint8Array> }): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LONGEST_BODY) throw statusErrors.requestEntityTooLarge(`limit is ${LONGEST_BODY}`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Sends what there is, unless a revision is named, and then what happens. @throws StatusError 410 */
function watch(process: ProcessContext, store: WardleStore, call: ExtensionCall, target: Target, shown: Shown): void {
  const { query, response } = call;
  const isAsked = selection(query);
  const { kind, namespace } = target;
  const since = Number(query.get('resourceVersion') ?? '') || 0;
  const missed = since === 0 ? [] : store.since(since);
  const send = (type: string, object: object): void => writeFrame(response, { type, object });
  const tell = (event: WardleEvent): void => {
    const isOwn = event.kind === kind && (namespace === '' || event.object.metadata.namespace === namespace);
    if (isOwn && isAsked(event.object)) send(event.type, shownObject(shown, event.object));
  };
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  if (since === 0) {
    for (const object of store.list(kind, namespace).filter(isAsked)) send('ADDED', shownObject(shown, object));
    const isInitial = isTrue(query.get('sendInitialEvents')) && isTrue(query.get('allowWatchBookmarks'));
    if (isInitial) send('BOOKMARK', bookmark(target, store.revision));
  }
  missed.forEach(tell);
  const stop = store.follow(tell);
  const seconds = Number(query.get('timeoutSeconds') ?? '') || 0;
  const timer = process.clock.real.setTimer(seconds > 0 ? seconds * 1000 : WATCH_MS, () => response.end());
  response.once('close', () => {
    timer.cancel();
    stop();
  });
}

function bookmark({ kind, version }: Target, revision: number): object {
  const annotations = { 'k8s.io/initial-events-end': 'true' };
  const metadata = { resourceVersion: String(revision), creationTimestamp: null, annotations };
  return { kind: kind.kind, apiVersion: `${GROUP}/${version}`, metadata };
}

export function writeFrame(
  response: Pick<ServerResponse, 'destroyed' | 'write' | 'writableLength' | 'destroy'>,
  frame: object,
): void {
  if (response.destroyed) return;
  response.write(`${JSON.stringify(frame)}\n`);
  if (response.writableLength > MAX_UNREAD) response.destroy();
}
