/**
 * One resource in one version, ready to serve: its facts, its strategy, how it is stored and how it looks elsewhere.
 *
 * Invariant: objects inside the server are in the hub version (`hub.apiVersion`), the version under which the resource
 * is stored; only `fromHub` and `toHub` leave it.
 */
import {
  DecodeReport,
  type Decoder,
  type GroupResource,
  type KindTypes,
  type KubeObject,
  type ResourceInfo,
} from '@regatta/api';
import type { Printer } from '../printers/mod.ts';
import { type ObjectStorage, storageKey } from '../storage/object-storage.ts';
import { type Conversion, conversionOf } from './conversion.ts';
import {
  CREATED_ON_UPDATE,
  DEPRECATIONS,
  KEEPS_STATUS_ON_CREATE,
  NOT_COLLECTED,
  ORPHANS_BY_DEFAULT,
  PATH_SEGMENT_NAMES,
  RETURNS_DELETED,
  TRACKS_GENERATION,
  UPDATED_CONDITIONALLY,
} from './kind-facts.ts';
import type { Strategy } from './strategy.ts';

export type GarbageCollection = 'delete' | 'orphan' | 'unsupported';

export interface Hub extends GroupResource {
  readonly version: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly typeId: string;
}

/** What a custom resource has of its own. */
export interface CustomParts {
  /** Objects as this version shows them. */
  readonly storage: ObjectStorage;
  readonly printer: Printer;
  /** New objects in another version of the kind. @throws StatusError */
  convert(objects: readonly KubeObject[], apiVersion: string): readonly KubeObject[] | Promise<readonly KubeObject[]>;
  /** OpenAPI schemas of the kind and its list, by type id. */
  definitions(form: 'v2' | 'v3'): Readonly<Record<string, object>>;
}

export interface ResourceParts {
  readonly types: KindTypes;
  readonly info: ResourceInfo;
  /** The same resource in the version in which it is stored (for events.k8s.io that of the core group). */
  readonly hubInfo: ResourceInfo;
  readonly strategy: Strategy;
  readonly custom?: CustomParts;
  /** A warning for all who ask for this version. */
  readonly deprecation?: string;
}

const NOT_MADE = Symbol('not made yet');

export class Resource implements GroupResource {
  readonly info: ResourceInfo;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly apiVersion: string;
  readonly listKind: string;
  readonly strategy: Strategy;
  readonly hub: Hub;
  readonly isHub: boolean;
  readonly nameRule: NonNullable<Strategy['nameRule']>;
  readonly tracksGeneration: boolean;
  readonly createsOnUpdate: boolean;
  readonly updatesUnconditionally: boolean;
  readonly returnsDeleted: boolean;
  readonly keepsStatusOnCreate: boolean;
  readonly hasStatus: boolean;
  readonly garbageCollection: GarbageCollection;
  readonly deprecation: string | undefined;
  /** How every item of this resource begins in shared JSON bytes; lists leave it out. */
  readonly jsonHead: Uint8Array;
  readonly #conversion: Conversion;
  /** Set for kinds that a CustomResourceDefinition made. */
  readonly custom: CustomParts | undefined;
  /** What decodes and describes the kind. */
  readonly types: KindTypes;
  #decoder: Decoder | undefined;
  #defaults: ReturnType<KindTypes['defaults']> | undefined;
  #storedForm: ReturnType<KindTypes['storedForm']> | undefined;
  #emptyStatus: unknown = NOT_MADE;

  constructor({ types, info, hubInfo, strategy, custom, deprecation }: ResourceParts) {
    const key = `${hubInfo.group}/${hubInfo.resource}`;
    this.types = types;
    this.custom = custom;
    this.info = info;
    this.group = info.group;
    this.version = info.version;
    this.resource = info.resource;
    this.kind = info.kind;
    this.namespaced = info.namespaced;
    this.apiVersion = apiVersionText(info);
    this.listKind = info.listKind ?? `${info.kind}List`;
    this.strategy = strategy;
    const hubVersion = apiVersionText(hubInfo);
    this.hub = { ...pick(hubInfo), apiVersion: hubVersion, typeId: hubInfo.typeId };
    this.isHub = this.apiVersion === hubVersion;
    this.#conversion = conversionOf(this.apiVersion, this.kind, hubVersion);
    this.nameRule = strategy.nameRule ?? (PATH_SEGMENT_NAMES.has(key) ? 'path-segment' : 'dns-subdomain');
    this.tracksGeneration = strategy.tracksGeneration ?? TRACKS_GENERATION.has(key);
    this.createsOnUpdate = strategy.allowCreateOnUpdate ?? CREATED_ON_UPDATE.has(key);
    this.updatesUnconditionally = strategy.allowUnconditionalUpdate ?? !UPDATED_CONDITIONALLY.has(key);
    this.returnsDeleted = RETURNS_DELETED.has(key);
    this.keepsStatusOnCreate = KEEPS_STATUS_ON_CREATE.has(key);
    this.hasStatus = info.subresources.has('status');
    this.garbageCollection = garbageCollectionOf(key);
    this.deprecation = deprecation ?? DEPRECATIONS.get(`${this.apiVersion}/${this.kind}`);
    this.jsonHead = Buffer.from(`{"kind":"${info.kind}","apiVersion":"${this.apiVersion}",`);
  }

  /** Storage prefix of the collection, all namespaces unless one is given. */
  prefix(namespace: string): string {
    return storageKey(this.hub.group, this.hub.resource, this.namespaced ? namespace || undefined : undefined);
  }

  key(namespace: string, name: string): string {
    return storageKey(this.hub.group, this.hub.resource, this.namespaced ? namespace : undefined, name);
  }

  toHub(object: KubeObject): KubeObject {
    return this.isHub ? object : this.#conversion.toHub(object);
  }

  fromHub(object: KubeObject): KubeObject {
    return this.isHub ? object : this.#conversion.fromHub(object);
  }

  /** Names of selectable fields in this version → the hub's, where they differ. */
  get fieldNames(): ReadonlyMap<string, string> | undefined {
    return this.isHub ? undefined : this.#conversion.fieldNames;
  }

  /** Compiled at the first use: most of 150 resources are never written. */
  get decoder(): Decoder {
    this.#decoder ??= this.types.decoder(this.info.typeId);
    return this.#decoder;
  }

  /** Fills in defaults of an object in this resource's version. */
  applyDefaults(object: KubeObject): void {
    this.#defaults ??= this.types.defaults(this.info.typeId);
    this.#defaults(object);
    if (this.#conversion.sameShape) this.strategy.applyDefaults?.(object);
    else this.#conversion.applyDefaults?.(object);
  }

  /** Gives an object of the hub version the form in which it comes back from storage. */
  settle(object: KubeObject): void {
    this.#storedForm ??= this.types.storedForm(this.hub.typeId);
    this.#storedForm(object);
    this.strategy.settle?.(object);
  }

  /**
   * What `status` is when nothing has been said yet: what Go writes for the type's zero value, with its defaults.
   * Undefined where that is nothing at all. A fresh copy.
   */
  emptyStatus(): unknown {
    if (this.custom) return undefined;
    if (this.#emptyStatus === NOT_MADE) {
      const report = new DecodeReport();
      const blank = this.types.decoder(this.hub.typeId).decode({ metadata: { name: '' }, status: {} }, report);
      this.types.defaults(this.hub.typeId)(blank);
      this.#emptyStatus = blank.status;
    }
    return structuredClone(this.#emptyStatus);
  }
}

function apiVersionText({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}

function pick({ group, version, resource, kind }: ResourceInfo): Omit<Hub, 'apiVersion' | 'typeId'> {
  return { group, version, resource, kind };
}

function garbageCollectionOf(key: string): GarbageCollection {
  if (NOT_COLLECTED.has(key)) return 'unsupported';
  return ORPHANS_BY_DEFAULT.has(key) ? 'orphan' : 'delete';
}
