/**
 * Endpoints (upstream: pkg/registry/core/endpoint/strategy.go, ValidateEndpoints of
 * pkg/apis/core/validation/validation.go).
 */
import {
  type EndpointAddress,
  type EndpointPort,
  type Endpoints,
  ipWarnings,
  isDNS1123Subdomain,
  jsonEqual,
} from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkIp, checkNonSpecialIp } from '../validation/addresses.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem, isEmptyList } from '../validation/lists.ts';
import { Path } from '../validation/path.ts';
import { checkDnsLabel, checkEnum, checkPortNumber, checkQualifiedName } from '../validation/rules.ts';
import { PROTOCOLS } from './service/validation.ts';

const SUBSETS = Path.root('subsets');

export const endpointsStrategy: Strategy<Endpoints> = {
  allowCreateOnUpdate: true,
  applyDefaults({ subsets }) {
    for (const { ports } of subsets ?? []) for (const port of ports ?? []) port.protocol ||= 'TCP';
  },
  validate: (endpoints) => validateEndpoints(endpoints).errors,
  // What was let in once stays.
  validateUpdate: (endpoints, old) =>
    jsonEqual(endpoints.subsets ?? [], old.subsets ?? []) ? [] : validateEndpoints(endpoints).errors,
  warnings({ metadata, subsets }) {
    if (metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') return [];
    const warnings: string[] = [];
    eachItem(subsets, SUBSETS, (subset, at) => {
      for (const name of ['addresses', 'notReadyAddresses'] as const) {
        eachItem(subset[name], at.child(name), ({ ip }, item) =>
          warnings.push(...ipWarnings(`${item.child('ip')}`, ip)),
        );
      }
    });
    return warnings;
  },
};

function validateEndpoints({ subsets }: Endpoints): ErrorList {
  const errors = new ErrorList();
  eachItem(subsets, SUBSETS, ({ addresses, notReadyAddresses, ports }, at) => {
    if (isEmptyList(addresses) && isEmptyList(notReadyAddresses)) {
      errors.required(at, 'must specify `addresses` or `notReadyAddresses`');
    }
    eachItem(addresses, at.child('addresses'), (address, item) => checkAddress(errors, item, address));
    eachItem(notReadyAddresses, at.child('notReadyAddresses'), (address, item) => checkAddress(errors, item, address));
    const needsName = (ports?.length ?? 0) > 1;
    eachItem(ports, at.child('ports'), (port, item) => checkPort(errors, item, port, needsName));
  });
  return errors;
}

function checkAddress(errors: ErrorList, path: Path, { ip, hostname, nodeName }: EndpointAddress): void {
  checkIp(errors, path.child('ip'), ip);
  if (hostname) checkDnsLabel(errors, path.child('hostname'), hostname);
  if (nodeName !== undefined) errors.invalidEach(path.child('nodeName'), nodeName, isDNS1123Subdomain(nodeName));
  checkNonSpecialIp(errors, path.child('ip'), ip);
}

function checkPort(errors: ErrorList, path: Path, port: EndpointPort, needsName: boolean): void {
  if (port.name) checkDnsLabel(errors, path.child('name'), port.name);
  else if (needsName) errors.required(path.child('name'));
  checkPortNumber(errors, path.child('port'), port.port ?? 0);
  checkEnum(errors, path.child('protocol'), port.protocol, PROTOCOLS);
  if (port.appProtocol !== undefined) checkQualifiedName(errors, path.child('appProtocol'), port.appProtocol);
}
