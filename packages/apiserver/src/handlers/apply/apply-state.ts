/**
 * One configuration applied to one state of an object of any kind: checks, ownership, and the annotation of kubectl
 * (upstream: structuredMergeManager, versionCheckManager and skipNonAppliedManager of apimachinery pkg/util/managedfields).
 */
import {
  type Applied,
  type ApplyVersions,
  apiVersionOf,
  applyConfig,
  configProblem,
  type KindTypes,
  type ManagedFieldsEntry,
  parseApiVersion,
  refreshLastApplied,
  statusErrors,
  trackUpdate,
} from '@regatta/api';

/** What is applied to: a kind in the version of the request. */
export interface ApplyTarget {
  readonly types: KindTypes;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly typeId: string;
  readonly versions: ApplyVersions;
  readonly subresource: string;
  readonly resetFields: readonly (readonly string[])[];
}

export interface Applier {
  readonly manager: string;
  readonly force: boolean;
  /** RFC 3339, whole seconds. */
  readonly now: string;
}

type WithMetadata = {
  readonly metadata?: {
    readonly name?: unknown;
    readonly namespace?: unknown;
    readonly managedFields?: ManagedFieldsEntry[];
  };
};

/** Owners of an object that had none when it was first applied to. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

/**
 * @param live in the version of the request; an empty object of the kind for a create
 * @throws StatusError 400, 409, 500
 */
export function applyTo(target: ApplyTarget, applier: Applier, config: object, live: object): Applied {
  checkConfig(target, config);
  const applied = applyConfig({
    versions: target.versions,
    apiVersion: apiVersionOf(target),
    live,
    entries: ownersOf(target, applier, live),
    config,
    manager: applier.manager,
    subresource: target.subresource,
    force: applier.force,
    now: applier.now,
    resetFields: target.resetFields,
  });
  const refreshed = applier.manager === 'kubectl' ? refreshLastApplied(applied.object ?? live, config) : undefined;
  return refreshed ? { ...applied, object: refreshed } : applied;
}

/** @throws StatusError 400, 500 */
function checkConfig(target: ApplyTarget, config: WithMetadata): void {
  const stated = statedKind(config);
  if (stated.group !== target.group || stated.version !== target.version || stated.kind !== target.kind) {
    throw statusErrors.badRequest(`invalid object type: ${kindText(stated)}`);
  }
  if (Array.isArray(config.metadata?.managedFields)) {
    throw statusErrors.badRequest('metadata.managedFields must be nil');
  }
  const problem = configProblem(target.types, target.typeId, config);
  if (problem !== undefined) {
    throw statusErrors.unknown(`failed to create typed patch object (${describe(config)}): ${problem}`);
  }
}

interface Stated {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

function statedKind(config: object): Stated {
  const { apiVersion, kind } = config as { apiVersion?: unknown; kind?: unknown };
  const text = typeof apiVersion === 'string' ? apiVersion : '';
  const parsed = text === '' ? { group: '', version: '' } : parseApiVersion(text);
  if (!parsed) return { group: '', version: '', kind: '' };
  return { ...parsed, kind: typeof kind === 'string' ? kind : '' };
}

/** Go's GroupVersionKind.String(). */
function kindText({ group, version, kind }: Stated): string {
  return `${group}/${version}, Kind=${kind}`;
}

/** How messages name what was applied: `default/web; apps/v1, Kind=Deployment`. */
export function describe(config: WithMetadata): string {
  const { name, namespace } = config.metadata ?? {};
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return `${text(namespace)}/${text(name)}; ${kindText(statedKind(config))}`;
}

function ownersOf(target: ApplyTarget, { now }: Applier, live: WithMetadata): readonly ManagedFieldsEntry[] {
  const entries = live.metadata?.managedFields ?? [];
  if (entries.length > 0) return entries;
  const { types, typeId, subresource, resetFields } = target;
  const made = trackUpdate({
    schema: types,
    typeId,
    live: undefined,
    object: live,
    manager: BEFORE_FIRST_APPLY,
    apiVersion: apiVersionOf(target),
    now,
    resetFields,
    ...(subresource === '' ? {} : { subresource }),
  });
  return made ?? [];
}
