/**
 * Admission: plugins that change or refuse a write after it was authorized and before it is stored
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission). Mutating plugins run in order, then validating ones.
 */
import type { KubeObject } from '@regatta/api';
import type { UserInfo } from '../auth/identity.ts';
import type { Resource } from '../registry/resource.ts';

export interface AdmissionAttributes {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly kind: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  /** The new object; plugins change it in place while mutating. Undefined for DELETE. */
  readonly object: KubeObject | undefined;
  /** The old object, for UPDATE and DELETE. Never changed. */
  readonly oldObject: KubeObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** What the caller asked besides, by the names that CreateOptions, UpdateOptions or DeleteOptions have for it. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** The resource in the version of the request, where that is an object's; the objects here are in its hub version. */
  readonly requested?: Resource;
  /** Adds a Warning header to the answer. */
  warn(text: string): void;
  /** Writes something into the request's record, where somebody keeps one. The first value of a key stays. */
  annotate?(key: string, value: string, level?: 'Metadata' | 'Request'): void;
}

/** What mutating gives: nearly always nothing. */
export type Admitted = undefined | 'reinvoke';

export interface AdmissionPlugin {
  readonly name: string;
  handles(attributes: AdmissionAttributes): boolean;
  /**
   * Changes the object or throws a StatusError. Returns a promise only when it has to wait, and `reinvoke` when all plugins
   * are to see what it changed once more; `again` says that they do.
   */
  admit?(attributes: AdmissionAttributes, again?: boolean): Admitted | void | Promise<void> | Promise<Admitted>;
  /** Throws a StatusError to refuse. */
  validate?(attributes: AdmissionAttributes): void | Promise<void>;
}
