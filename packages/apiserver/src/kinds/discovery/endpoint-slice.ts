/**
 * EndpointSlices (upstream: pkg/registry/discovery/endpointslice/strategy.go, pkg/apis/discovery/validation/validation.go).
 */
import {
  type DiscoveryV1EndpointPort,
  type Endpoint,
  type EndpointHints,
  type EndpointSlice,
  ipWarnings,
  isDNS1123Label,
  isDNS1123Subdomain,
  isValidLabelValue,
  jsonEqual,
} from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkIp, checkNonSpecialIp, ipFamily } from '../validation/addresses.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem, isEmptyList } from '../validation/lists.ts';
import { Path } from '../validation/path.ts';
import { checkDnsLabel, checkEnum, checkQualifiedName, IMMUTABLE } from '../validation/rules.ts';

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const LIMITS = { addresses: 100, endpoints: 1000, ports: 20_000, hints: 8 } as const;
const ENDPOINTS = Path.root('endpoints');
const CONTROLLERS: ReadonlySet<unknown> = new Set([
  'endpointslice-controller.k8s.io',
  'endpointslicemirroring-controller.k8s.io',
]);
const PORTS = Path.root('ports');
const ADDRESS_TYPE = Path.root('addressType');

export const endpointSliceStrategy: Strategy<EndpointSlice> = {
  tracksGeneration: true,
  generationCountsLabels: true,
  applyDefaults({ ports }) {
    for (const port of ports ?? []) {
      port.name ??= '';
      port.protocol ||= 'TCP';
    }
  },
  prepareForCreate: dropTopology,
  prepareForUpdate(slice, old) {
    if (jsonEqual(slice.endpoints, old.endpoints)) return;
    dropTopology(slice);
  },
  validate: (slice) => validateSlice(slice).errors,
  validateUpdate(slice, old) {
    const errors = validateSlice(slice, old);
    if (slice.addressType !== old.addressType) errors.invalid(ADDRESS_TYPE, slice.addressType, IMMUTABLE);
    return errors.errors;
  },
  warnings(slice, old) {
    const isNewName = !old && slice.addressType === 'FQDN';
    return [...(isNewName ? ['spec.addressType: FQDN endpoints are deprecated'] : []), ...addressWarnings(slice)];
  },
};

/** What the cluster's own controllers write is right. */
function addressWarnings({ metadata, endpoints }: EndpointSlice): string[] {
  if (CONTROLLERS.has(metadata.labels?.['endpointslice.kubernetes.io/managed-by'])) return [];
  const warnings: string[] = [];
  eachItem(endpoints, ENDPOINTS, ({ addresses }, at) => {
    eachItem(addresses, at.child('addresses'), (address, item) => warnings.push(...ipWarnings(`${item}`, address)));
  });
  return warnings;
}

/** Of v1beta1 alone: v1 has zones and nodes of their own. */
function dropTopology({ endpoints }: EndpointSlice): void {
  for (const endpoint of endpoints ?? []) delete endpoint.deprecatedTopology;
}

/** @param old endpoints that it has just so are not looked at again */
function validateSlice(slice: EndpointSlice, old?: EndpointSlice): ErrorList {
  const errors = new ErrorList();
  checkEnum(errors, ADDRESS_TYPE, slice.addressType, ADDRESS_TYPES);
  const count = slice.endpoints?.length ?? 0;
  if (old && jsonEqual(slice.endpoints, old.endpoints)) return checkPorts(errors, slice);
  if (count > LIMITS.endpoints) errors.tooMany(ENDPOINTS, count, LIMITS.endpoints);
  else eachItem(slice.endpoints, ENDPOINTS, (endpoint, at) => checkEndpoint(errors, at, endpoint, slice.addressType));
  return checkPorts(errors, slice);
}

function checkEndpoint(errors: ErrorList, path: Path, endpoint: Endpoint, type: string): void {
  const { addresses, nodeName, hostname, hints } = endpoint;
  const at = path.child('addresses');
  if (isEmptyList(addresses)) errors.required(at, 'must contain at least 1 address');
  else if (addresses.length > LIMITS.addresses) errors.tooMany(at, addresses.length, LIMITS.addresses);
  eachItem(addresses, at, (address, item) => checkAddress(errors, item, address, type));
  if (nodeName !== undefined) errors.invalidEach(path.child('nodeName'), nodeName, isDNS1123Subdomain(nodeName));
  if (hostname !== undefined) errors.invalidEach(path.child('hostname'), hostname, isDNS1123Label(hostname));
  if (hints) checkHints(errors, path.child('hints'), hints);
}

function checkAddress(errors: ErrorList, at: Path, address: string, type: string): void {
  switch (type) {
    case 'IPv4':
    case 'IPv6':
      if (!checkIp(errors, at, address)) return;
      if (ipFamily(address) !== (type === 'IPv4' ? 4 : 6)) errors.invalid(at, address, `must be an ${type} address`);
      checkNonSpecialIp(errors, at, address);
      return;
    case 'FQDN':
      checkFqdn(errors, at, address);
  }
}

function checkFqdn(errors: ErrorList, at: Path, name: string): void {
  if (name === '') {
    errors.required(at);
    return;
  }
  const relative = name.replace(/\.$/, '');
  errors.invalidEach(at, relative, isDNS1123Subdomain(relative));
  const labels = relative.split('.');
  if (labels.length < 2)
    errors.invalid(at, relative, 'should be a domain with at least two segments separated by dots');
  for (const label of labels) errors.invalidEach(at, label, isDNS1123Label(label));
}

function checkHints(errors: ErrorList, path: Path, hints: EndpointHints): void {
  for (const name of ['forNodes', 'forZones'] as const) {
    const at = path.child(name);
    const list = hints[name];
    if ((list?.length ?? 0) > LIMITS.hints) {
      errors.tooMany(at, list?.length ?? 0, LIMITS.hints);
      continue;
    }
    const seen = new Set<string>();
    eachItem(list, at, (hint, item) => {
      if (seen.has(hint.name)) errors.duplicate(item.child('name'), hint.name);
      seen.add(hint.name);
      const messages = name === 'forZones' ? isValidLabelValue(hint.name) : isDNS1123Subdomain(hint.name);
      errors.invalidEach(item.child('name'), hint.name, messages);
    });
  }
}

function checkPorts(errors: ErrorList, { ports }: EndpointSlice): ErrorList {
  const count = ports?.length ?? 0;
  if (count > LIMITS.ports) {
    errors.tooMany(PORTS, count, LIMITS.ports);
    return errors;
  }
  const names = new Set<string>();
  eachItem(ports, PORTS, (port: DiscoveryV1EndpointPort, at) => {
    const name = port.name ?? '';
    if (name !== '') checkDnsLabel(errors, at.child('name'), name);
    if (names.has(name)) errors.duplicate(at.child('name'), name);
    names.add(name);
    checkEnum(errors, at.child('protocol'), port.protocol, PROTOCOLS);
    if (port.appProtocol !== undefined) checkQualifiedName(errors, at.child('appProtocol'), port.appProtocol);
  });
  return errors;
}
