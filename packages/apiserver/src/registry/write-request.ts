/**
 * What the steps of a write share: who writes what, where, and what is asked of them.
 */
import type { KubeObject } from '@regatta/api';
import type { AdmissionAttributes } from '../admission/admission.ts';
import type { UserInfo } from '../auth/identity.ts';
import type { ServerContext } from '../server/context.ts';
import type { ObjectStorage, StoredObject } from '../storage/object-storage.ts';
import type { AdmissionChain } from './admission-chain.ts';
import type { Resource } from './resource.ts';
import type { WriteContext } from './strategy.ts';

/** What every write needs of the server: built once. */
export interface Registry {
  readonly server: ServerContext;
  readonly admission: AdmissionChain;
}

/** Where the objects of a resource are read and written. */
export function storageOf({ server }: Registry, resource: Resource): ObjectStorage {
  return resource.custom?.storage ?? server.storage;
}

export interface WriteRequest {
  readonly resource: Resource;
  /** Empty for cluster-scoped resources. */
  readonly namespace: string;
  /** From the URL; empty when the object names itself. */
  readonly name: string;
  readonly subresource: string;
  readonly user: UserInfo;
  readonly userAgent: string;
  readonly dryRun: boolean;
  /** The fieldManager parameter; empty when there is none, or when nobody comes to own what is written. */
  readonly fieldManager: string;
  /** The fieldValidation parameter; empty when there is none. */
  readonly askedValidation?: string;
  /** The object of the write already says who owns what: it was applied. */
  readonly ownersSettled?: boolean;
  warn(text: string): void;
  annotate?(key: string, value: string, level?: 'Metadata' | 'Request'): void;
}

export function writeContext(registry: Registry, request: WriteRequest): WriteContext {
  return {
    server: registry.server,
    user: request.user,
    dryRun: request.dryRun,
    apiVersion: request.resource.apiVersion,
    userAgent: request.userAgent,
  };
}

export function admissionAttributes(
  request: WriteRequest,
  operation: AdmissionAttributes['operation'],
  object: KubeObject | undefined,
  oldObject: KubeObject | undefined,
  options: AdmissionAttributes['options'] = optionsOf(request),
): AdmissionAttributes {
  const { hub } = request.resource;
  const { annotate } = request;
  return {
    operation,
    group: hub.group,
    version: hub.version,
    resource: hub.resource,
    subresource: request.subresource,
    kind: hub.kind,
    namespace: request.namespace,
    name: request.name || (object?.metadata.name ?? ''),
    object,
    oldObject,
    user: request.user,
    dryRun: request.dryRun,
    requested: request.resource,
    warn: request.warn,
    ...(annotate ? { annotate } : {}),
    ...(options ? { options } : {}),
  };
}

function optionsOf({ fieldManager, askedValidation }: WriteRequest): AdmissionAttributes['options'] {
  if (!fieldManager && !askedValidation) return undefined;
  return {
    ...(fieldManager ? { fieldManager } : {}),
    ...(askedValidation ? { fieldValidation: askedValidation } : {}),
  };
}

/** What a write left behind: the stored object with its shared bytes, or, for a dry run, the object as it would be. */
export interface Written {
  readonly object: KubeObject;
  readonly stored?: StoredObject;
  readonly created: boolean;
}

/** Seconds precision, as Go's metav1.Time marshals it. */
export function timestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
