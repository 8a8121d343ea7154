/**
 * Writes of the sample server: create, update, patch, delete (upstream: k8s.io/sample-apiserver/pkg/registry/wardle and
 * its BanFlunder admission, on k8s.io/apiserver's generic registry). Fields have no managers here, and there is no
 * server-side apply.
 */

import { createHash } from 'node:crypto';
import {
  applyJsonPatch,
  applyMergePatch,
  type GroupResource,
  JsonSyntaxError,
  jsonEqual,
  type KubeObject,
  parseJson,
  statusErrors,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '@regatta/api';
import { GROUP, kindsOf, unknownFields, type Wardle, type WardleKind } from './wardle-kinds.ts';
import type { WardleStore } from './wardle-store.ts';

export interface Target {
  readonly kind: WardleKind;
  readonly version: string;
  readonly namespace: string;
  readonly name: string;
}

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: string;
  /** Epoch milliseconds. */
  readonly now: number;
  warn(message: string): void;
}

interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

type Fields = Record<string, unknown>;

const SUFFIX_LENGTH = 5;
const PATCHES: Readonly<Record<string, (document: unknown, patch: unknown) => unknown>> = {
  'application/json-patch+json': applyJsonPatch,
  'application/merge-patch+json': applyMergePatch,
};
const STALE = 'the object has been modified; please apply your changes to the latest version and try again';

export function resourceOf({ kind }: Target): GroupResource {
  return { group: GROUP, resource: kind.resource };
}

/** @throws StatusError */
export function create(store: WardleStore, target: Target, body: Uint8Array, options: WriteOptions): Wardle {
  const { kind, namespace } = target;
  const object = decode(target, body, options);
  const { metadata } = object;
  const name = metadata.name || generatedName(metadata.generateName, store.nextUid());
  if (metadata.resourceVersion)
    throw statusErrors.unknown('resourceVersion should not be set on objects to be created');
  const own = {
    ...metadata,
    name,
    uid: store.nextUid(),
    creationTimestamp: instant(options.now),
    generation: undefined,
  };
  const created: Wardle = { ...object, metadata: { ...withNamespace(own, namespace), deletionTimestamp: undefined } };
  checkBan(store, target, name);
  check(
    target,
    created,
    validateObjectMeta(created.metadata, { namespaced: kind.namespaced, nameRule: 'path-segment' }),
  );
  if (store.get(kind, namespace, name)) throw statusErrors.alreadyExists(resourceOf(target), name);
  return options.dryRun ? created : store.put(kind, created);
}

/** @throws StatusError */
export function update(store: WardleStore, target: Target, body: Uint8Array, options: WriteOptions): Wardle {
  const object = decode(target, body, options);
  const { name } = object.metadata;
  if (name !== target.name) {
    throw statusErrors.badRequest(
      `the name of the object (${name}) does not match the name on the URL (${target.name})`,
    );
  }
  return replace(store, target, object, options);
}

/** @throws StatusError */
export function patch(
  store: WardleStore,
  target: Target,
  type: string,
  body: Uint8Array,
  options: WriteOptions,
): Wardle {
  const apply = Object.hasOwn(PATCHES, type) ? PATCHES[type] : undefined;
  if (!apply) {
    const known = Object.keys(PATCHES).join(', ');
    throw statusErrors.unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${known}`,
    );
  }
  const live = existing(store, target);
  const { kind, version } = target;
  const document = {
    apiVersion: `${GROUP}/${version}`,
    kind: kind.kind,
    metadata: live.metadata,
    ...kind.encode(version, live),
  };
  const patched = apply(document, parsed(body));
  return replace(store, target, read(target, patched as Fields, options), options);
}

/** @throws StatusError */
export function remove(store: WardleStore, target: Target, body: Uint8Array, options: WriteOptions): Wardle {
  const live = existing(store, target);
  const given = body.length === 0 ? {} : (parsed(body) as { preconditions?: Preconditions; dryRun?: string[] });
  const { uid, resourceVersion } = given.preconditions ?? {};
  const { metadata } = live;
  const differs = (what: string, asked: string, is: string | undefined): string =>
    `Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${is ?? ''}`;
  if (uid !== undefined && uid !== metadata.uid) {
    throw statusErrors.conflict(resourceOf(target), target.name, differs('UID', uid, metadata.uid));
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = differs('ResourceVersion', resourceVersion, metadata.resourceVersion);
    throw statusErrors.conflict(resourceOf(target), target.name, why);
  }
  return options.dryRun || given.dryRun?.length ? live : finish(store, target, live, options.now);
}

/** Gone at once, or when its last finalizer is. */
function finish(store: WardleStore, { kind }: Target, live: Wardle, now: number): Wardle {
  if (!live.metadata.finalizers?.length) return store.remove(kind, live);
  if (live.metadata.deletionTimestamp) return live;
  const metadata = { ...live.metadata, deletionTimestamp: instant(now), deletionGracePeriodSeconds: 0 };
  return store.put(kind, { ...live, metadata });
}

/** @throws StatusError 404 */
export function existing(store: WardleStore, target: Target): Wardle {
  const found = store.get(target.kind, target.namespace, target.name);
  if (!found) throw statusErrors.notFound(resourceOf(target), target.name);
  return found;
}

function replace(store: WardleStore, target: Target, object: Wardle, { dryRun }: WriteOptions): Wardle {
  const live = existing(store, target);
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds } = live.metadata;
  const metadata = { ...withNamespace(object.metadata, target.namespace) };
  const asked = metadata.resourceVersion || live.metadata.resourceVersion;
  if (asked !== live.metadata.resourceVersion || (metadata.uid && metadata.uid !== uid)) {
    throw statusErrors.conflict(resourceOf(target), target.name, STALE);
  }
  const kept = { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, resourceVersion: asked };
  const next: Wardle = { ...object, metadata: { ...metadata, ...kept } };
  check(target, next, validateObjectMetaUpdate(next.metadata, live.metadata));
  // Round by way of JSON: fields that are undefined are none.
  if (dryRun || jsonEqual(JSON.parse(JSON.stringify(next)), JSON.parse(JSON.stringify(live)))) return next;
  if (deletionTimestamp && !next.metadata.finalizers?.length) return store.remove(target.kind, next);
  return store.put(target.kind, next);
}

/** @throws StatusError 422 */
function check(target: Target, object: Wardle, errors: ReturnType<WardleKind['validate']>): void {
  const all = [...errors, ...target.kind.validate(object)];
  if (all.length > 0) throw statusErrors.invalid(GROUP, target.kind.kind, object.metadata.name, all);
}

/** A fischer may disallow a flunder's name. @throws StatusError 403 */
function checkBan(store: WardleStore, target: Target, name: string): void {
  if (target.kind.kind !== 'Flunder') return;
  const fischers = kindsOf('v1alpha1')
    .filter(({ kind }) => kind === 'Fischer')
    .flatMap((kind) => store.list(kind, ''));
  if (!fischers.some(({ disallowedFlunders }) => disallowedFlunders?.includes(name))) return;
  throw statusErrors.forbidden(resourceOf(target), name, 'this name may not be used, please change the resource name');
}

function withNamespace(metadata: KubeObject['metadata'], namespace: string): KubeObject['metadata'] {
  return namespace === '' ? metadata : { ...metadata, namespace };
}

function generatedName(prefix: string | undefined, uid: string): string {
  if (!prefix) return '';
  return prefix + createHash('sha256').update(uid).digest('hex').slice(0, SUFFIX_LENGTH);
}

function decode(target: Target, body: Uint8Array, options: WriteOptions): Wardle {
  return read(target, parsed(body) as Fields, options);
}

/** @throws StatusError 400 */
function read(target: Target, body: Fields, options: WriteOptions): Wardle {
  const { kind, version, namespace } = target;
  const expected = `${GROUP}/${version}`;
  const { apiVersion = expected, kind: given = kind.kind, metadata = {} } = body;
  if (apiVersion !== expected || given !== kind.kind) {
    const [group = '', of = ''] = String(apiVersion).split('/');
    throw statusErrors.badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})` +
        (given === kind.kind ? '' : `; ${given} of ${group} ${of}`),
    );
  }
  const meta = metadata as KubeObject['metadata'];
  if (namespace !== '' && meta.namespace && meta.namespace !== namespace) {
    throw statusErrors.badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  report(target, unknownFields(kind, version, body), options);
  return { metadata: meta, ...kind.decode(version, body) };
}

function report({ kind, version }: Target, unknown: readonly string[], { fieldValidation, warn }: WriteOptions): void {
  if (unknown.length === 0 || fieldValidation === 'Ignore') return;
  if (fieldValidation !== 'Strict') return unknown.forEach(warn);
  const what = `${kind.kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind.kind}`;
  throw statusErrors.badRequest(`${what}: strict decoding error: ${unknown.join(', ')}`);
}

/** @throws StatusError 400 */
function parsed(body: Uint8Array): unknown {
  try {
    const { value } = parseJson(body);
    if (typeof value === 'object' && value !== null) return value;
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw statusErrors.badRequest(`error decoding the body: ${error.message}`);
  }
  throw statusErrors.badRequest('the body is no object');
}

function instant(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}
