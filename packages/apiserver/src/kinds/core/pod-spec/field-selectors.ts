/**
 * References from variables and files into the Pod itself (upstream: validateObjectFieldSelector and
 * validateContainerResourceFieldSelector of pkg/apis/core/validation/validation.go, pkg/apis/core/pods/helpers.go).
 */
import { type ObjectFieldSelector, Quantity, type ResourceFieldSelector } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import type { Path } from '../../validation/path.ts';
import { checkQualifiedName } from '../../validation/rules.ts';

export const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
export const FILE_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...ENV_FIELDS,
  ...FILE_FIELDS,
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]);
const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const SUBSCRIPT = /^([^[]+)\['(.*)'\]$/s;
const SIZES = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

export function checkFieldRef(
  errors: ErrorList,
  path: Path,
  ref: ObjectFieldSelector,
  supported: readonly string[],
): void {
  if (!ref.apiVersion) {
    errors.required(path.child('apiVersion'));
    return;
  }
  if (!ref.fieldPath) {
    errors.required(path.child('fieldPath'));
    return;
  }
  const subscripted = SUBSCRIPT.exec(ref.fieldPath);
  if (subscripted) checkSubscripted(errors, path, ref, subscripted[1] ?? '', subscripted[2] ?? '');
  else if (ref.apiVersion !== 'v1' || !KNOWN_FIELDS.has(ref.fieldPath)) unknownField(errors, path, ref);
  else if (!supported.includes(ref.fieldPath)) errors.notSupported(path.child('fieldPath'), ref.fieldPath, supported);
}

function checkSubscripted(errors: ErrorList, path: Path, ref: ObjectFieldSelector, field: string, key: string): void {
  if (ref.apiVersion !== 'v1' || (field !== 'metadata.annotations' && field !== 'metadata.labels')) {
    if (ref.apiVersion === 'v1' && KNOWN_FIELDS.has(field)) unknownSubscript(errors, path, ref, field);
    else unknownField(errors, path, ref);
    return;
  }
  checkQualifiedName(errors, path, field === 'metadata.annotations' ? key.toLowerCase() : key);
}

function unknownField(errors: ErrorList, path: Path, { apiVersion, fieldPath }: ObjectFieldSelector): void {
  const why =
    apiVersion === 'v1' ? `field label not supported: ${fieldPath}` : `unsupported pod version: ${apiVersion}`;
  errors.invalid(path.child('fieldPath'), fieldPath, `error converting fieldPath: ${why}`);
}

function unknownSubscript(errors: ErrorList, path: Path, { fieldPath }: ObjectFieldSelector, field: string): void {
  const why = `field label does not support subscript: ${field}`;
  errors.invalid(path.child('fieldPath'), fieldPath, `error converting fieldPath: ${why}`);
}

/** @param needsContainer volumes must say whose resource they mean */
export function checkResourceRef(
  errors: ErrorList,
  path: Path,
  ref: ResourceFieldSelector,
  needsContainer: boolean,
): void {
  const { resource } = ref;
  if (needsContainer && !ref.containerName) errors.required(path.child('containerName'));
  else if (!resource) errors.required(path.child('resource'));
  else if (!RESOURCES.includes(resource) && !/^(requests|limits)\.hugepages-/.test(resource)) {
    errors.notSupported(path.child('resource'), resource, RESOURCES);
  }
  checkDivisor(errors, path.child('divisor'), ref);
}

function checkDivisor(errors: ErrorList, path: Path, { resource, divisor }: ResourceFieldSelector): void {
  if (divisor === undefined || divisor === '0' || !resource) return;
  const text = Quantity.parse(divisor).toString();
  if (/\.cpu$/.test(resource)) {
    if (text !== '1' && text !== '1m') {
      errors.invalid(path, resource, "only divisor's values 1m and 1 are supported with the cpu resource");
    }
    return;
  }
  const what = divisorSubject(resource);
  if (what && !SIZES.includes(text)) {
    errors.invalid(path, resource, `only divisor's values ${SIZES.join(', ')} are supported with the ${what} resource`);
  }
}

function divisorSubject(resource: string): string | undefined {
  if (resource.endsWith('.memory')) return 'memory';
  if (resource.endsWith('.ephemeral-storage')) return 'local ephemeral storage';
  return resource.includes('.hugepages-') ? 'hugepages' : undefined;
}
