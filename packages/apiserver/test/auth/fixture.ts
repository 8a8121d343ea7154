/**
 * A server's parts for tests of authentication, authorization and admission: real storage, a fake clock, a seeded source
 * of randomness, and short ways to store objects and to ask.
 */
import { randomUUID } from 'node:crypto';
import { type KubeObject, type ResourceRef, Schema } from '@regatta/api';
import { ClusterClock, type FakeClock, seededRandom, silentLogger } from '@regatta/runtime';
import type { RequestAttributes, UserInfo } from '../../src/auth/identity.ts';
import { type Auth, createAuth } from '../../src/auth/mod.ts';
import { generateKey } from '../../src/pki/certificate-authority.ts';
import type { ServerContext } from '../../src/server/context.ts';
import { storageKey } from '../../src/storage/mod.ts';
import { Storages } from '../storage/fixture.ts';

const storages = new Storages();
const auths: Auth[] = [];
const schema = Schema.load();
const serviceAccountKey = generateKey();

export interface TestServer extends ServerContext {
  readonly fakeClock: FakeClock;
}

export async function openServer(): Promise<TestServer> {
  const { storage, clock } = await storages.open();
  return {
    storage,
    schema,
    clock: new ClusterClock(clock),
    fakeClock: clock,
    random: seededRandom(1),
    logger: silentLogger,
    get: <T extends KubeObject>(ref: ResourceRef<T>, namespace: string, name: string): T | undefined =>
      storage.get<T>(storageKey(ref.group, ref.resource, ref.namespaced ? namespace : undefined, name))?.object,
  };
}

export async function openAuth(server: ServerContext, dataDir?: string): Promise<Auth> {
  const auth = await createAuth(server, { pki: { serviceAccountKey }, ...(dataDir === undefined ? {} : { dataDir }) });
  auths.push(auth);
  return auth;
}

export async function cleanUp(): Promise<void> {
  for (const auth of auths.splice(0)) auth.close();
  await storages.cleanUp();
}

/** Stores the object, replacing what is there. Gives it a uid unless it has one. */
export async function put<T extends KubeObject>(server: ServerContext, ref: ResourceRef<T>, object: T): Promise<T> {
  const { namespace, name } = object.metadata;
  const { stored } = await server.storage.update<T>(
    storageKey(ref.group, ref.resource, namespace, name),
    (current) => ({
      ...object,
      metadata: { uid: current?.object.metadata.uid ?? randomUUID(), ...object.metadata },
    }),
  );
  return stored.object;
}

export async function remove(server: ServerContext, ref: ResourceRef, namespace: string, name: string): Promise<void> {
  const key = storageKey(ref.group, ref.resource, ref.namespaced ? namespace : undefined, name);
  await server.storage.update(key, () => 'delete');
}

export function user(name: string, ...groups: string[]): UserInfo {
  return { name, groups: [...groups, 'system:authenticated'] };
}

export function node(name: string): UserInfo {
  return user(`system:node:${name}`, 'system:nodes');
}

/**
 * A request in few words: `get pods/log a/x` (verb, resource, namespace/name), the resource with its group as
 * `deployments.apps`; a path instead of a resource: `get /version`.
 */
export function asks(who: UserInfo, text: string, fieldSelector?: string): RequestAttributes {
  const [verb = '', target = '', where = ''] = text.split(' ');
  const base = {
    user: who,
    verb,
    path: '',
    group: '',
    version: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
  };
  if (target.startsWith('/')) return { ...base, isResource: false, path: target };
  const [full = '', subresource = ''] = target.split('/');
  const dot = full.indexOf('.');
  const [namespace = '', name = ''] = where.split('/');
  return {
    ...base,
    isResource: true,
    group: dot < 0 ? '' : full.slice(dot + 1),
    resource: dot < 0 ? full : full.slice(0, dot),
    subresource,
    namespace,
    name,
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
}
