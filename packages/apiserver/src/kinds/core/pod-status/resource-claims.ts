/**
 * The claims that were made for a Pod (upstream: validatePodResourceClaimStatuses, validatePodExtendedResourceClaimStatus
 * of pkg/apis/core/validation/validation.go).
 */
import { isDNS1123Subdomain, type Pod, type PodExtendedResourceClaimStatus, type PodSpec } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { eachItem, isEmptyList } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { checkDnsLabel } from '../../validation/rules.ts';

const NO_CLAIM = 'must match the name of an entry in `spec.resourceClaims`';
const NO_RESOURCE =
  'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests';
const NO_CONTAINER = 'must match the name of an entry in spec.initContainers.name or spec.containers.name';

export function checkResourceClaimStatuses(errors: ErrorList, path: Path, { spec, status }: Pod): void {
  const names = new Set<string>();
  eachItem(status?.resourceClaimStatuses, path, ({ name, resourceClaimName }, at) => {
    if (!spec.resourceClaims?.some((claim) => claim.name === name)) errors.invalid(at.child('name'), name, NO_CLAIM);
    if (names.has(name)) errors.duplicate(at.child('name'), name);
    names.add(name);
    if (resourceClaimName === undefined) return;
    errors.invalidEach(at.child('resourceClaimName'), resourceClaimName, isDNS1123Subdomain(resourceClaimName));
  });
}

export function checkExtendedClaim(
  errors: ErrorList,
  path: Path,
  { requestMappings, resourceClaimName }: PodExtendedResourceClaimStatus,
  { containers, initContainers = [] }: PodSpec,
): void {
  const mappings = path.child('requestMappings');
  if (isEmptyList(requestMappings)) errors.required(mappings, 'at least one request mapping is required');
  const byName = new Map([...initContainers, ...containers].map((container) => [container.name, container]));
  const seen = new Set<string>();
  eachItem(requestMappings, mappings, (mapping, at) => {
    const { containerName, requestName, resourceName } = mapping;
    const container = byName.get(containerName);
    if (!container) errors.invalid(at.child('containerName'), containerName, NO_CONTAINER);
    else if (container.resources?.requests?.[resourceName] === undefined) {
      errors.invalid(at.child('resourceName'), resourceName, NO_RESOURCE);
    }
    checkDnsLabel(errors, path.child('requestName'), requestName);
    const key = `${containerName}/${resourceName}/${requestName}`;
    if (seen.has(key)) {
      for (const field of ['containerName', 'resourceName', 'requestName'] as const) {
        errors.duplicate(at.child(field), mapping[field]);
      }
    }
    seen.add(key);
  });
  const at = path.child('resourceClaimName');
  if (!resourceClaimName) errors.required(at);
  else errors.invalidEach(at, resourceClaimName, isDNS1123Subdomain(resourceClaimName));
}
