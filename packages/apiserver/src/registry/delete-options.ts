/**
 * What a delete asks for (upstream: apimachinery pkg/apis/meta/v1/types.go DeleteOptions and its validation).
 */
import { type FieldError, FieldPath, fieldErrors, type KubeObject, statusErrors } from '@regatta/api';
import type { GarbageCollection } from './resource.ts';

export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: string | undefined;
  readonly orphanDependents: boolean | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

export const ORPHAN_FINALIZER = 'orphan';
export const FOREGROUND_FINALIZER = 'foregroundDeletion';

const POLICY = FieldPath.root('propagationPolicy');
const POLICIES = ['Foreground', 'Background', 'Orphan'];

export function deleteOptionErrors(options: DeleteOptions): FieldError[] {
  const { propagationPolicy: policy, orphanDependents } = options;
  const errors: FieldError[] = [];
  if (policy !== undefined && orphanDependents !== undefined) {
    errors.push(fieldErrors.invalid(POLICY, policy, 'orphanDependents and deletionPropagation cannot be both set'));
  }
  if (policy !== undefined && !POLICIES.includes(policy)) {
    errors.push(fieldErrors.notSupported(POLICY, policy, [...POLICIES, 'nil']));
  }
  return errors;
}

/** What was asked, by the names of the API. */
export function askedOf(options: DeleteOptions): Readonly<Record<string, unknown>> {
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, uid, resourceVersion } = options;
  const preconditions = given({ uid, resourceVersion });
  return {
    ...given({ gracePeriodSeconds, propagationPolicy, orphanDependents }),
    ...(Object.keys(preconditions).length > 0 ? { preconditions } : {}),
  };
}

function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** @throws StatusError 409 in the words of registry/rest/delete.go, which names the kind where others name the resource */
export function checkPreconditions(options: DeleteOptions, object: KubeObject, group: string, kind: string): void {
  const { uid, resourceVersion, name } = object.metadata;
  const what = { group, resource: kind };
  if (options.uid !== undefined && options.uid !== uid) {
    throw statusErrors.conflict(
      what,
      name,
      `the UID in the precondition (${options.uid}) does not match the UID in record (${uid ?? ''}). The object might have been deleted and then recreated`,
    );
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    throw statusErrors.conflict(
      what,
      name,
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion ?? ''}). The object might have been modified`,
    );
  }
}

/**
 * The finalizers that an object must have so that the garbage collector treats its dependents as asked
 * (upstream: deletionFinalizersForGarbageCollection of the generic registry).
 * @returns undefined when they are as they should be
 */
export function finalizersForGarbageCollection(
  object: KubeObject,
  options: DeleteOptions,
  policy: GarbageCollection,
): string[] | undefined {
  const current = object.metadata.finalizers ?? [];
  const wanted = current.filter((finalizer) => finalizer !== ORPHAN_FINALIZER && finalizer !== FOREGROUND_FINALIZER);
  if (shouldOrphan(current, options, policy)) wanted.push(ORPHAN_FINALIZER);
  if (shouldDeleteInForeground(current, options, policy)) wanted.push(FOREGROUND_FINALIZER);
  const same = wanted.length === current.length && wanted.every((finalizer) => current.includes(finalizer));
  return same ? undefined : wanted;
}

function shouldOrphan(finalizers: readonly string[], options: DeleteOptions, policy: GarbageCollection): boolean {
  if (policy === 'unsupported') return false;
  if (options.orphanDependents !== undefined) return options.orphanDependents;
  if (options.propagationPolicy !== undefined) return options.propagationPolicy === 'Orphan';
  if (finalizers.includes(ORPHAN_FINALIZER)) return true;
  if (finalizers.includes(FOREGROUND_FINALIZER)) return false;
  return policy === 'orphan';
}

function shouldDeleteInForeground(
  finalizers: readonly string[],
  options: DeleteOptions,
  policy: GarbageCollection,
): boolean {
  if (policy === 'unsupported' || options.orphanDependents !== undefined) return false;
  if (options.propagationPolicy !== undefined) return options.propagationPolicy === 'Foreground';
  return finalizers.includes(FOREGROUND_FINALIZER) && !finalizers.includes(ORPHAN_FINALIZER);
}
