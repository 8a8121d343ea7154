/**
 * Requests and limits (upstream: ValidateContainerResourceRequirements, validatePodResources, validateResizePolicy of
 * pkg/apis/core/validation/validation.go and pkg/apis/core/helper/helpers.go).
 */
import {
  type ContainerResizePolicy,
  isHugePages,
  isNativeResource,
  isOvercommitAllowed,
  isQualifiedName,
  type PodSpec,
  podTotals,
  Quantity,
  type ResourceRequirements,
} from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { eachEntry, eachItem, has } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { NOT_NEGATIVE } from '../../validation/rules.ts';
import type { PodChecks } from './checks.ts';

const CONTAINER_RESOURCES: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);
/** Unqualified names that some object may hold, containers or others. */
const STANDARD_RESOURCES: ReadonlySet<string> = new Set([
  ...CONTAINER_RESOURCES,
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'storage',
  'requests.storage',
  'services.nodeports',
  'services.loadbalancers',
]);
const WHOLE_NUMBERS: ReadonlySet<string> = new Set([
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);
const POD_RESOURCES = (name: string): boolean => name === 'cpu' || name === 'memory' || isHugePages(name);
const RESIZE_POLICIES = ['NotRequired', 'RestartContainer'];
const RESIZE_RESOURCES = ['cpu', 'memory'];

type List = Readonly<Record<string, string>> | undefined;

export function checkResourceRequirements(checks: PodChecks, path: Path, resources: ResourceRequirements): void {
  const { limits, requests, claims } = resources;
  if (!limits && !requests && !claims) return;
  checkLists(checks.errors, path, limits, requests, checkContainerResourceName);
  if (claims) checkClaims(checks, path.child('claims'), claims);
}

/** Resources of the Pod as a whole. */
export function checkPodResources({ errors, spec }: PodChecks, path: Path, resources: ResourceRequirements): void {
  if (spec.os?.name === 'windows') {
    errors.forbidden(path, 'may not be set for a windows pod');
    return;
  }
  if (resources.claims?.length)
    errors.forbidden(path.child('claims'), 'claims may not be set for Resources at pod-level');
  checkLists(errors, path, resources.limits, resources.requests, (list, at, name) => {
    const before = list.length;
    checkResourceName(list, at, name);
    if (list.length === before && !POD_RESOURCES(name)) list.notSupported(at, name, ['cpu', 'hugepages-', 'memory']);
  });
  checkSums(errors, path, spec, 'requests');
  checkSums(errors, path, spec, 'limits');
  eachItem(spec.containers, path.child('containers'), ({ resources: own }, at) =>
    eachEntry(own?.limits, (name, text) => {
      const limit = resources.limits?.[name];
      if (limit === undefined || Quantity.parse(text).cmp(Quantity.parse(limit)) <= 0) return;
      errors.invalid(at.key(name).child('limits'), text, `must be less than or equal to pod limits of ${limit}`);
    }),
  );
}

/** What containers ask for together has room in what the Pod asks for; of limits, that goes for huge pages only. */
function checkSums(errors: ErrorList, path: Path, spec: PodSpec, side: 'limits' | 'requests'): void {
  const own = spec.resources?.[side];
  const sums = [...podTotals(spec, side)].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, sum] of sums) {
    const text = own?.[name];
    if (text === undefined || (side === 'limits' && !isHugePages(name)) || Quantity.parse(text).cmp(sum) >= 0) continue;
    const why = `must be greater than or equal to aggregate container ${side} of ${sum}`;
    errors.invalid(path.child(side).key(name), text, why);
  }
}

/** Of spec.overhead, which is a list of limits by its rules. */
export function checkOverhead(errors: ErrorList, path: Path, overhead: Readonly<Record<string, string>>): void {
  checkLists(errors, path, overhead, undefined, checkContainerResourceName);
}

type NameCheck = (errors: ErrorList, path: Path, name: string) => void;

function checkLists(errors: ErrorList, path: Path, limits: List, requests: List, checkName: NameCheck): void {
  eachEntry(limits, (name, text) => {
    const at = path.child('limits').key(name);
    checkName(errors, at, name);
    checkAmount(errors, at, name, text);
    checkHugePages(errors, at, name, text);
  });
  eachEntry(requests, (name, text) => {
    const at = path.child('requests').key(name);
    checkName(errors, at, name);
    checkAmount(errors, at, name, text);
    checkAgainstLimit(errors, path, name, text, has(limits, name) ? limits?.[name] : undefined);
    checkHugePages(errors, at, name, text);
  });
  const all = [...Object.keys(limits ?? {}), ...Object.keys(requests ?? {})];
  if (all.some(isHugePages) && !all.includes('cpu') && !all.includes('memory')) {
    errors.forbidden(path, 'HugePages require cpu or memory');
  }
}

function checkAgainstLimit(errors: ErrorList, path: Path, name: string, text: string, limit: string | undefined): void {
  if (limit === text) return;
  if (limit === undefined) {
    if (!isOvercommitAllowed(name)) {
      errors.required(path.child('limits'), 'Limit must be set for non overcommitable resources');
    }
    return;
  }
  const order = Quantity.parse(text).cmp(Quantity.parse(limit));
  const at = path.child('requests');
  if (order !== 0 && !isOvercommitAllowed(name)) {
    errors.invalid(at, text, `must be equal to ${name} limit of ${limit}`);
  } else if (order > 0) {
    errors.invalid(at, text, `must be less than or equal to ${name} limit of ${limit}`);
  }
}

function checkHugePages(errors: ErrorList, at: Path, name: string, text: string): void {
  if (!isHugePages(name)) return;
  const page = pageSize(name);
  const amount = Quantity.parse(text).value();
  if (page === undefined || page <= 0n || amount % page !== 0n) {
    errors.invalid(at, text, `${text} is not positive integer multiple of ${name}`);
  }
}

function pageSize(name: string): bigint | undefined {
  try {
    return Quantity.parse(name.slice('hugepages-'.length)).value();
  } catch {
    return undefined;
  }
}

/** Not negative, and whole where only whole ones make sense (upstream: ValidateResourceQuantityValue). */
export function checkAmount(errors: ErrorList, at: Path, name: string, text: string): void {
  if (PLAIN_AMOUNT.test(text)) return;
  const amount = Quantity.parse(text);
  if (amount.sign < 0) errors.invalid(at, text, NOT_NEGATIVE);
  const whole = WHOLE_NUMBERS.has(name) || isExtendedResource(name);
  if (whole && amount.milli() % 1000n !== 0n) errors.invalid(at, text, 'must be an integer');
}

/** Positive and whole: most amounts never need to be parsed. */
const PLAIN_AMOUNT = /^[0-9]+([KMGTPE]i|[kMGTPE])?$/;

export function checkResourceName(errors: ErrorList, at: Path, name: string): void {
  const messages = isQualifiedName(name);
  errors.invalidEach(at, name, messages);
  if (messages.length > 0 || name.includes('/') || STANDARD_RESOURCES.has(name)) return;
  if (!isHugePages(name) && !name.startsWith('requests.hugepages-')) {
    errors.invalid(at, name, 'must be a standard resource type or fully qualified');
  }
}

export function checkContainerResourceName(errors: ErrorList, at: Path, name: string): void {
  if (CONTAINER_RESOURCES.has(name)) return;
  checkResourceName(errors, at, name);
  if (!name.includes('/')) {
    if (!isHugePages(name)) errors.invalid(at, name, 'must be a standard resource for containers');
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.invalid(at, name, "doesn't follow extended resource name standard");
  }
}

/** A device or the like, advertised by nodes under a domain of its own. */
export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith('requests.')) return false;
  return isQualifiedName(`requests.${name}`).length === 0;
}

function checkClaims(checks: PodChecks, path: Path, claims: NonNullable<ResourceRequirements['claims']>): void {
  const { errors } = checks;
  const names = new Set<string>();
  eachItem(claims, path, ({ name, request }, at) => {
    if (!name) {
      errors.required(at);
      return;
    }
    const key = request ? `${name}/${request}` : name;
    if (names.has(key)) errors.duplicate(at, key);
    names.add(key);
    if (!checks.claims.has(name)) errors.notFound(at, name, knownClaims(checks.claims));
  });
}

function knownClaims(claims: ReadonlySet<string>): string {
  const list = claims.size === 0 ? ' which is empty' : `: ${[...claims].sort().join(', ')}`;
  return `must be one of the names in pod.spec.resourceClaims${list}`;
}

export function checkResizePolicy(
  { errors, spec }: PodChecks,
  path: Path,
  policies: readonly ContainerResizePolicy[],
): void {
  const seen = new Set<string>();
  eachItem(policies, path, ({ resourceName, restartPolicy }, at) => {
    if (seen.has(resourceName)) errors.duplicate(at, resourceName);
    seen.add(resourceName);
    if (!resourceName) errors.required(path);
    else if (!RESIZE_RESOURCES.includes(resourceName)) errors.notSupported(path, resourceName, RESIZE_RESOURCES);
    if (!restartPolicy) errors.required(path);
    else if (!RESIZE_POLICIES.includes(restartPolicy)) errors.notSupported(path, restartPolicy, RESIZE_POLICIES);
    if (spec.restartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      errors.invalid(path, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
    }
  });
}
