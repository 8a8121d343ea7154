/**
 * Brings the bootstrap policy into a cluster's storage at every start
 * (upstream: pkg/registry/rbac/rest/storage_rbac.go, .../reconciliation): what is missing is created, what an administrator
 * took away from an object that still says autoupdate=true is put back, what they added stays.
 *
 * Writes go to storage directly: nobody is there yet to ask.
 */
import type { KubeObject, PolicyRule, ResourceRef, Subject } from '@regatta/api';
import type { ServerContext } from '../../server/context.ts';
import { type ObjectStorage, StorageError, storageKey } from '../../storage/object-storage.ts';
import { uncoveredRules } from '../rbac/coverage.ts';
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, PRIORITY_CLASSES, ROLE_BINDINGS, ROLES } from '../resource-refs.ts';
import { AUTOUPDATE_ANNOTATION, bootstrapObjects } from './bootstrap-objects.ts';
import { SYSTEM_PRIORITY_CLASSES } from './priority-classes.ts';

type Bootstrapping = Pick<ServerContext, 'storage' | 'clock' | 'random'>;
/** The stored object made to hold what it must; undefined when it already does. */
type Merge<T> = (current: T, wanted: T) => T | undefined;

/** Resolves when every object is durable. Concurrent servers may do this at once. */
export async function ensureBootstrapPolicy(server: Bootstrapping): Promise<void> {
  const { clusterRoles, clusterRoleBindings, roles, roleBindings } = bootstrapObjects();
  await Promise.all([
    ensureAll(server, CLUSTER_ROLES, clusterRoles, (current, wanted) =>
      current.aggregationRule ? undefined : withRules(current, wanted.rules ?? []),
    ),
    ensureAll(server, ROLES, roles, (current, wanted) => withRules(current, wanted.rules ?? [])),
    ensureAll(server, CLUSTER_ROLE_BINDINGS, clusterRoleBindings, withSubjects),
    ensureAll(server, ROLE_BINDINGS, roleBindings, withSubjects),
    ensureAll(server, PRIORITY_CLASSES, SYSTEM_PRIORITY_CLASSES, () => undefined),
  ]);
}

async function ensureAll<T extends KubeObject>(
  server: Bootstrapping,
  ref: ResourceRef<T>,
  wanted: readonly T[],
  merge: Merge<T>,
): Promise<void> {
  await Promise.all(wanted.map((object) => ensure(server, ref, object, merge)));
}

async function ensure<T extends KubeObject>(
  server: Bootstrapping,
  ref: ResourceRef<T>,
  wanted: T,
  merge: Merge<T>,
): Promise<void> {
  const { storage } = server;
  const { namespace, name } = wanted.metadata;
  const key = storageKey(ref.group, ref.resource, namespace, name);
  if (storage.get(key) === undefined && (await created(server, key, wanted))) return;
  await update(storage, key, wanted, merge);
}

async function created<T extends KubeObject>(server: Bootstrapping, key: string, wanted: T): Promise<boolean> {
  const creationTimestamp = new Date(server.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const metadata = { ...wanted.metadata, uid: server.random.uuid(), creationTimestamp };
  try {
    await server.storage.create(key, { ...wanted, metadata });
    return true;
  } catch (error) {
    if (error instanceof StorageError && error.code === 'exists') return false;
    throw error;
  }
}

async function update<T extends KubeObject>(
  storage: ObjectStorage,
  key: string,
  wanted: T,
  merge: Merge<T>,
): Promise<void> {
  const current = storage.get<T>(key);
  if (!current || !needsUpdate(current.object, wanted, merge)) return;
  await storage.update<T>(key, (stored) => (stored && needsUpdate(stored.object, wanted, merge)) ?? 'unchanged');
}

function needsUpdate<T extends KubeObject>(current: T, wanted: T, merge: Merge<T>): T | undefined {
  if (current.metadata.annotations?.[AUTOUPDATE_ANNOTATION] === 'false') return undefined;
  const missesMetadata = !includes(current.metadata.labels, wanted.metadata.labels);
  const merged = merge(current, wanted);
  if (!missesMetadata) return merged;
  const labels = { ...current.metadata.labels, ...wanted.metadata.labels };
  return { ...(merged ?? current), metadata: { ...current.metadata, labels } };
}

function includes(has: Readonly<Record<string, string>> = {}, wants: Readonly<Record<string, string>> = {}): boolean {
  return Object.entries(wants).every(([key, value]) => has[key] === value);
}

function withRules<T extends { rules?: PolicyRule[] }>(current: T, wanted: readonly PolicyRule[]): T | undefined {
  const missing = uncoveredRules(current.rules ?? [], wanted);
  return missing.length === 0 ? undefined : { ...current, rules: [...(current.rules ?? []), ...missing] };
}

function withSubjects<T extends { subjects?: Subject[] }>(current: T, wanted: T): T | undefined {
  const subjects = current.subjects ?? [];
  const has = (subject: Subject): boolean =>
    subjects.some(
      (s) => s.kind === subject.kind && s.name === subject.name && (s.namespace ?? '') === (subject.namespace ?? ''),
    );
  const missing = (wanted.subjects ?? []).filter((subject) => !has(subject));
  return missing.length === 0 ? undefined : { ...current, subjects: [...subjects, ...missing] };
}
