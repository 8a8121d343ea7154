/**
 * Ingresses (upstream: ValidateIngress … of pkg/apis/networking/validation/validation.go,
 * pkg/registry/networking/ingress/strategy.go).
 */
import {
  type HTTPIngressPath,
  type Ingress,
  type IngressBackend,
  type IngressServiceBackend,
  isDNS1123Subdomain,
  isValidPortName,
  isValidPortNum,
  isWildcardDNS1123Subdomain,
} from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkIp, ipFamily } from '../validation/addresses.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem, isEmptyList } from '../validation/lists.ts';
import { Path, SPEC, STATUS } from '../validation/path.ts';
import { checkDnsLabel, checkDnsSubdomain } from '../validation/rules.ts';
import { checkTypedReference } from './references.ts';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const BAD_PARTS = ['//', '/./', '/../', '%2f', '%2F'];
const BAD_ENDS = ['/..', '/.'];
const NOT_AN_ADDRESS = 'must be a DNS name, not an IP address';

export const ingressStrategy: Strategy<Ingress> = {
  tracksGeneration: true,
  validate(ingress) {
    const errors = validateIngress(ingress, {});
    const annotation = ingress.metadata.annotations?.[CLASS_ANNOTATION];
    const name = ingress.spec?.ingressClassName;
    if (annotation !== undefined && name !== undefined && annotation !== name) {
      const at = Path.root('annotations').child(CLASS_ANNOTATION);
      errors.invalid(at, annotation, 'must match `ingressClassName` when both are specified');
    }
    return errors.errors;
  },
  validateUpdate: (ingress, old) => validateIngress(ingress, tolerated(old)).errors,
  validateStatusUpdate: (ingress, old) => validateStatus(ingress, old).errors,
  warnings({ metadata }, old) {
    if (old || metadata.annotations?.[CLASS_ANNOTATION] === undefined) return [];
    return [`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`];
  },
};

/** What stands already and was let in before there was a rule. */
interface Tolerated {
  readonly secretNames?: boolean;
  readonly wildcardRules?: boolean;
}

function tolerated({ spec }: Ingress): Tolerated {
  return {
    secretNames: spec?.tls?.some(({ secretName }) => secretName && isDNS1123Subdomain(secretName).length > 0) ?? false,
    wildcardRules:
      spec?.rules?.some((rule) => {
        const errors = new ErrorList();
        checkPaths(errors, SPEC, rule.http?.paths, rule.http !== undefined);
        return rule.host?.includes('*') && errors.length > 0;
      }) ?? false,
  };
}

function validateIngress({ spec = {} }: Ingress, allowed: Tolerated): ErrorList {
  const errors = new ErrorList();
  if (isEmptyList(spec.rules) && !spec.defaultBackend) {
    errors.invalid(SPEC, spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified');
  }
  if (spec.defaultBackend) checkBackend(errors, SPEC.child('defaultBackend'), spec.defaultBackend);
  eachItem(spec.rules, SPEC.child('rules'), ({ host, http }, at) => {
    if (host && ipFamily(host) !== 0) errors.invalid(at.child('host'), host, NOT_AN_ADDRESS);
    if (host) checkHost(errors, at.child('host'), host);
    if (host?.includes('*') && allowed.wildcardRules) return;
    checkPaths(errors, at.child('http').child('paths'), http?.paths, http !== undefined);
  });
  eachItem(spec.tls, SPEC.child('tls'), ({ hosts, secretName }, at) => {
    eachItem(hosts, at.child('hosts'), (host, hostAt) => checkHost(errors, hostAt, host));
    if (secretName && !allowed.secretNames) checkDnsSubdomain(errors, at.child('secretName'), secretName);
  });
  if (spec.ingressClassName !== undefined) {
    checkDnsSubdomain(errors, SPEC.child('ingressClassName'), spec.ingressClassName);
  }
  return errors;
}

function checkHost(errors: ErrorList, at: Path, host: string): void {
  const check = host.includes('*') ? isWildcardDNS1123Subdomain : isDNS1123Subdomain;
  errors.invalidEach(at, host, check(host));
}

function checkPaths(errors: ErrorList, at: Path, paths: readonly HTTPIngressPath[] | undefined, given: boolean): void {
  if (given && isEmptyList(paths)) errors.required(at);
  eachItem(paths, at, (path, pathAt) => checkPath(errors, pathAt, path));
}

function checkPath(errors: ErrorList, at: Path, { path = '', pathType, backend }: HTTPIngressPath): void {
  if (pathType === undefined || pathType === null) {
    errors.required(at.child('pathType'), 'pathType must be specified');
    return;
  }
  const refuse = (why: string): void => errors.invalid(at.child('path'), path, why);
  const exact = pathType === 'Exact' || pathType === 'Prefix';
  if (!PATH_TYPES.includes(pathType)) errors.notSupported(at.child('pathType'), pathType, PATH_TYPES);
  else if (!path.startsWith('/') && (exact || path)) refuse('must be an absolute path');
  if (exact) {
    for (const part of BAD_PARTS) if (path.includes(part)) refuse(`must not contain '${part}'`);
    for (const end of BAD_ENDS) if (path.endsWith(end)) refuse(`cannot end with '${end}'`);
  }
  checkBackend(errors, at.child('backend'), backend);
}

function checkBackend(errors: ErrorList, at: Path, { resource, service }: IngressBackend): void {
  if (resource && service) errors.invalid(at, '', 'cannot set both resource and service backends');
  else if (resource) checkTypedReference(errors, at.child('resource'), resource);
  else if (service) checkService(errors, at, service);
  else errors.invalid(at, '', 'resource or service backend is required');
}

function checkService(errors: ErrorList, path: Path, { name, port }: IngressServiceBackend): void {
  const at = path.child('service');
  if (!name) errors.required(at.child('name'));
  else checkDnsLabel(errors, at.child('name'), name);
  const portAt = at.child('port');
  if (port?.name && port.number) errors.invalid(path, '', 'cannot set both port name & port number');
  else if (port?.name) errors.invalidEach(portAt.child('name'), port.name, isValidPortName(port.name));
  else if (port?.number) errors.invalidEach(portAt.child('number'), port.number, isValidPortNum(port.number));
  else errors.required(path, 'port name or number is required');
}

function validateStatus({ status }: Ingress, old: Ingress): ErrorList {
  const errors = new ErrorList();
  const kept = new Set(old.status?.loadBalancer?.ingress?.map(({ ip }) => ip));
  eachItem(status?.loadBalancer?.ingress, STATUS.child('loadBalancer').child('ingress'), ({ ip, hostname }, at) => {
    if (ip && !kept.has(ip)) checkIp(errors, at.child('ip'), ip);
    if (!hostname) return;
    checkDnsSubdomain(errors, at.child('hostname'), hostname);
    if (ipFamily(hostname) !== 0) errors.invalid(at.child('hostname'), hostname, NOT_AN_ADDRESS);
  });
  return errors;
}
