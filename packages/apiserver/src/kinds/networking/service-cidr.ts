/**
 * ServiceCIDRs and IPAddresses (upstream: ValidateServiceCIDR …, ValidateIPAddress … of
 * pkg/apis/networking/validation/validation.go).
 */
import {
  FieldPath,
  type IPAddress,
  isDNS1123Subdomain,
  isValidCIDR,
  isValidIP,
  isValidPathSegmentName,
  jsonEqual,
  type ServiceCIDR,
} from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { internalForm } from '../internal/internal-form.ts';
import { cidrFamily } from '../validation/addresses.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { METADATA, type Path, SPEC } from '../validation/path.ts';
import { IMMUTABLE } from '../validation/rules.ts';
import { checkSegment } from './references.ts';

const CIDRS = SPEC.child('cidrs');
const PARENT_TYPE = 'io.k8s.api.networking.v1.ParentReference';
const PARENT = SPEC.child('parentRef');
const ONE_EACH = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';

export const serviceCidrStrategy: Strategy<ServiceCIDR> = {
  validate: (object) => validateServiceCidr(object).errors,
  validateUpdate: (object, old) => validateServiceCidrUpdate(object, old).errors,
};

export const ipAddressStrategy: Strategy<IPAddress> = {
  // Its name is the address.
  nameRule: 'none',
  validate: (address) => validateIpAddress(address).errors,
  validateUpdate(address, old) {
    const errors = new ErrorList();
    if (!jsonEqual(address.spec?.parentRef, old.spec?.parentRef)) {
      const told = address.spec?.parentRef ? internalForm(PARENT_TYPE, address.spec.parentRef) : null;
      errors.invalid(PARENT, told, IMMUTABLE);
    }
    return errors.errors;
  },
};

function validateServiceCidr({ spec }: ServiceCIDR): ErrorList {
  const errors = new ErrorList();
  const cidrs = spec?.cidrs ?? [];
  if (cidrs.length === 0) errors.required(CIDRS, 'at least one CIDR required');
  else if (cidrs.length > 2) errors.invalid(CIDRS, { CIDRs: cidrs }, 'may only hold up to 2 values');
  else {
    eachItem(cidrs, CIDRS, (cidr, at) => checkStrict(errors, at, cidr, isValidCIDR));
    const [one, other] = cidrs.map(cidrFamily);
    if (one !== 0 && one === other) errors.invalid(CIDRS, cidrs, ONE_EACH);
  }
  return errors;
}

type Check = (path: FieldPath, value: string) => ReturnType<typeof isValidIP>;

function checkStrict(errors: ErrorList, at: Path, value: string, check: Check): void {
  errors.errors.push(...check(FieldPath.root(at.toString()), value));
}

/** A second family may come later; what is there stays. */
function validateServiceCidrUpdate(object: ServiceCIDR, old: ServiceCIDR): ErrorList {
  const errors = new ErrorList();
  const [now, before] = [object.spec?.cidrs ?? [], old.spec?.cidrs ?? []];
  const grows = before.length === 1 && now.length === 2;
  if (now.length !== before.length && !grows) {
    errors.invalid(CIDRS, now, IMMUTABLE);
    return errors;
  }
  for (const [i, cidr] of before.entries()) if (now[i] !== cidr) errors.invalid(CIDRS.index(i), now[i], IMMUTABLE);
  if (grows) errors.append(validateServiceCidr(object));
  return errors;
}

function validateIpAddress({ metadata, spec }: IPAddress): ErrorList {
  const errors = new ErrorList();
  if (metadata.name) checkStrict(errors, METADATA.child('name'), metadata.name, isValidIP);
  const parent = spec?.parentRef;
  if (!parent) {
    errors.required(PARENT);
    return errors;
  }
  const { group, resource, name, namespace } = parent;
  if (group) errors.invalidEach(PARENT.child('group'), group, isDNS1123Subdomain(group));
  checkSegment(errors, PARENT.child('resource'), resource);
  checkSegment(errors, PARENT.child('name'), name);
  if (namespace) errors.invalidEach(PARENT.child('namespace'), namespace, isValidPathSegmentName(namespace));
  return errors;
}
