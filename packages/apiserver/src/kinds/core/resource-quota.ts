/**
 * ResourceQuotas (upstream: ValidateResourceQuota … of pkg/apis/core/validation/validation.go, quota names and scopes of
 * pkg/apis/core/helper/helpers.go, pkg/registry/core/resourcequota/strategy.go).
 */
import { isHugePages, Quantity, type ResourceQuota, type ResourceQuotaSpec, type ScopeSelector } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { internalForm } from '../internal/internal-form.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachEntry, eachItem, has, isEmptyList } from '../validation/lists.ts';
import { type Path, SPEC, STATUS } from '../validation/path.ts';
import { IMMUTABLE } from '../validation/rules.ts';
import { checkAmount, checkResourceName } from './pod-spec/resources.ts';

const COMPUTE = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];
const CLAIMS = ['persistentvolumeclaims', 'requests.storage'];
const NAMES: ReadonlySet<string> = new Set([
  ...[...COMPUTE, ...CLAIMS, 'ephemeral-storage', 'requests.ephemeral-storage', 'limits.ephemeral-storage', 'pods'],
  ...['resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'configmaps'],
  ...['services.nodeports', 'services.loadbalancers'],
]);
const PODS_AND_COMPUTE: ReadonlySet<string> = new Set(['pods', ...COMPUTE]);
/** Scopes, and which resources of Pods or claims they can narrow. */
const SCOPES: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['Terminating', PODS_AND_COMPUTE],
  ['NotTerminating', PODS_AND_COMPUTE],
  ['BestEffort', new Set(['pods'])],
  ['NotBestEffort', PODS_AND_COMPUTE],
  ['PriorityClass', PODS_AND_COMPUTE],
  ['CrossNamespacePodAffinity', PODS_AND_COMPUTE],
  ['VolumeAttributesClass', new Set(CLAIMS)],
]);
const TAKES_VALUES = ['PriorityClass', 'VolumeAttributesClass'];
const CONFLICTS = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

export const resourceQuotaStrategy: Strategy<ResourceQuota> = {
  validate: (quota) => validateQuota(quota).errors,
  validateUpdate(quota, old) {
    const errors = new ErrorList();
    errors.append(validateQuota(quota));
    if (scopeSet(quota) !== scopeSet(old)) errors.invalid(SPEC.child('scopes'), quota.spec?.scopes ?? null, IMMUTABLE);
    return errors.errors;
  },
  validateStatusUpdate: (quota) => validateStatus(quota).errors,
  warnings: (quota, old) => (old ? [] : limitWarnings(quota)),
};

/** A request limit beyond the limit of limits can never be used up. */
function limitWarnings({ spec }: ResourceQuota): string[] {
  const hard = spec?.hard ?? {};
  return ['cpu', 'memory', 'storage', 'ephemeral-storage'].flatMap((name) => {
    const bare = (name === 'cpu' || name === 'memory') && has(hard, name) ? name : undefined;
    const request = has(hard, `requests.${name}`) ? `requests.${name}` : bare;
    const [most, limit] = [request && hard[request], hard[`limits.${name}`]];
    if (most === undefined || limit === undefined || Quantity.parse(most).cmp(Quantity.parse(limit)) <= 0) return [];
    return [`ResourceQuota ${request} (${most}) should be less than limits.${name} (${limit})`];
  });
}

function scopeSet({ spec }: ResourceQuota): string {
  return [...new Set(spec?.scopes)].sort().join();
}

function validateQuota(quota: ResourceQuota): ErrorList {
  const errors = new ErrorList();
  const spec = quota.spec ?? {};
  checkAmounts(errors, SPEC.child('hard'), spec.hard);
  checkScopes(errors, SPEC.child('scopes'), spec);
  if (spec.scopeSelector)
    checkSelector(errors, SPEC.child('scopeSelector').child('matchExpressions'), spec, spec.scopeSelector);
  errors.append(validateStatus(quota));
  return errors;
}

function validateStatus({ status }: ResourceQuota): ErrorList {
  const errors = new ErrorList();
  checkAmounts(errors, STATUS.child('hard'), status?.hard);
  checkAmounts(errors, STATUS.child('used'), status?.used);
  return errors;
}

function checkAmounts(errors: ErrorList, path: Path, list: Readonly<Record<string, string>> | undefined): void {
  eachEntry(list, (name, text) => {
    const at = path.key(name);
    checkResourceName(errors, at, name);
    if (!name.includes('/') && !isQuotaName(name)) {
      errors.invalid(at, name, 'must be a standard resource for quota');
    }
    checkAmount(errors, at, name, text);
  });
}

/** A resource that quotas know without a group. */
function isQuotaName(name: string): boolean {
  return NAMES.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-');
}

function checkScopes(errors: ErrorList, path: Path, spec: ResourceQuotaSpec): void {
  const { scopes } = spec;
  if (isEmptyList(scopes)) return;
  for (const scope of scopes ?? []) {
    if (!SCOPES.has(scope)) errors.invalid(path, scopes, 'unsupported scope');
    checkApplies(errors, path, spec, scope, scopes);
  }
  checkConflicts(errors, path, spec, new Set(scopes));
}

/** One error for each resource that the scope can't narrow. */
function checkApplies(errors: ErrorList, path: Path, spec: ResourceQuotaSpec, scope: string, shown: unknown): void {
  const allowed = SCOPES.get(scope);
  eachEntry(spec.hard, (name) => {
    if (allowed && isQuotaName(name) && !allowed.has(name)) {
      errors.invalid(path, shown, 'unsupported scope applied to resource');
    }
  });
}

function checkConflicts(errors: ErrorList, path: Path, { scopes }: ResourceQuotaSpec, set: ReadonlySet<string>): void {
  for (const [one, other] of CONFLICTS) {
    if (set.has(one) && set.has(other)) errors.invalid(path, scopes ?? null, 'conflicting scopes');
  }
}

function checkSelector(errors: ErrorList, path: Path, spec: ResourceQuotaSpec, selector: ScopeSelector): void {
  const seen = new Set<string>();
  const shown = internalForm('ScopeSelector', selector);
  eachItem(selector.matchExpressions, path, ({ scopeName, operator, values }) => {
    if (!SCOPES.has(scopeName)) errors.invalid(path.child('scopeName'), scopeName, 'unsupported scope');
    checkApplies(errors, path, spec, scopeName, shown);
    if (SCOPES.has(scopeName) && !TAKES_VALUES.includes(scopeName) && operator !== 'Exists') {
      errors.invalid(
        path.child('operator'),
        operator,
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
      );
    }
    checkOperator(errors, path, operator, values);
    seen.add(scopeName);
  });
  checkConflicts(errors, path, spec, seen);
}

function checkOperator(errors: ErrorList, path: Path, operator: string, values: readonly string[] | undefined): void {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (isEmptyList(values)) {
        errors.required(
          path.child('values'),
          "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        );
      }
      return;
    case 'Exists':
    case 'DoesNotExist':
      if (!isEmptyList(values)) {
        errors.invalid(
          path.child('values'),
          values,
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        );
      }
      return;
    default:
      errors.invalid(path.child('operator'), operator, 'not a valid selector operator');
  }
}
