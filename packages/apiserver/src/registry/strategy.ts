/**
 * How kinds differ (upstream: staging/src/k8s.io/apiserver/pkg/registry/rest and pkg/registry/<group>/<kind>/strategy.go).
 * Handlers are the same for all; a kind is its facts, its Strategy and its printer columns. Everything here is optional:
 * a kind without a strategy has upstream's generic behaviour (metadata rules, status apart from spec, generation).
 *
 * Objects passed in are the handler's own copies: `default…` and `prepare…` change them, `validate…` never does.
 */
import type { FieldError, KubeObject } from '@regatta/api';
import type { UserInfo } from '../auth/identity.ts';
import type { ServerContext } from '../server/context.ts';

export interface WriteContext {
  readonly server: ServerContext;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** `events.k8s.io/v1`: which version the request is in. Strategies see objects in the hub version all the same. */
  readonly apiVersion: string;
  readonly userAgent: string;
}

/** An allocation that belongs to a write: kept when it is stored, given back when it fails or is a dry run. */
export interface Allocation {
  commit(): void;
  rollback(): void;
}

export interface Strategy<T extends KubeObject = KubeObject> {
  /** Reads the code that the strategy needs; undefined once it is there. Requests for the kind wait for it. */
  load?(): Promise<void> | undefined;
  /** Upstream's defaulting for what the type's declared defaults don't say. Idempotent. */
  applyDefaults?(object: T): void;
  prepareForCreate?(object: T, context: WriteContext): void;
  /** Clears what users can't set, carries over what they can't change. Status is carried over generically. */
  prepareForUpdate?(object: T, old: T, context: WriteContext): void;
  /** What validation needs and only waiting gives (signatures, compiled expressions); awaited before it, for every write. */
  examine?(object: T): Promise<void>;
  /** Errors in upstream's order; the generic metadata validation (name rule below) comes first and is not repeated. */
  validate?(object: T, context: WriteContext): FieldError[];
  validateUpdate?(object: T, old: T, context: WriteContext): FieldError[];
  warnings?(object: T, old: T | undefined): string[];
  /** For the status subresource; by default only `status` is taken from the request. */
  prepareStatusUpdate?(object: T, old: T, context: WriteContext): void;
  validateStatusUpdate?(object: T, old: T, context: WriteContext): FieldError[];
  /** What a name must be: 'dns-subdomain' unless told; 'path-segment' for RBAC. */
  readonly nameRule?: 'dns-subdomain' | 'dns-label' | 'dns1035-label' | 'path-segment' | 'none';
  /** PUT creates what does not exist (leases, events, services …). */
  readonly allowCreateOnUpdate?: boolean;
  /** PUT without a resourceVersion is refused when false. True unless told. */
  readonly allowUnconditionalUpdate?: boolean;
  /** metadata.generation counts changes of what is not metadata or status. Told by kind: Pod, Deployment … yes; ConfigMap, Node … no. */
  readonly tracksGeneration?: boolean;
  /** It counts changes of labels as well. */
  readonly generationCountsLabels?: boolean;
  /** Field selectors besides metadata.name and metadata.namespace. */
  selectableFields?(object: T): Readonly<Record<string, string>>;
  /** Which field selectors are known; others are refused. */
  readonly fieldLabels?: readonly string[];
  /** What the first delete makes of the object: finalizers that it gets make it wait. @param now RFC 3339 */
  prepareForDelete?(object: T, now: string): T;
  /** Seconds of grace of a delete: undefined when the kind is deleted at once. */
  gracePeriod?(object: T, requested: number | undefined): number | undefined;
  /** Takes IPs, ports … before the write is stored. */
  allocate?(object: T, old: T | undefined, context: WriteContext): Allocation | Promise<Allocation>;
  /** Defaults that upstream sees only once the object comes back from storage. Idempotent. */
  settle?(object: T): void;
  /** Runs after an object is gone: gives allocations back. */
  afterDelete?(object: T, context: { readonly server: ServerContext }): void;
  /** The scale subresource, where the kind has one. */
  readonly scale?: {
    readonly version: 'autoscaling/v1';
    replicas(object: T): number;
    setReplicas(object: T, replicas: number): void;
    statusReplicas(object: T): number;
    selector(object: T): string;
  };
}
