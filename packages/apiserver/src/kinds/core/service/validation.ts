/**
 * Validation of Services (upstream: ValidateService of pkg/apis/core/validation/validation.go).
 */
import type { LoadBalancerIngress, Service, ServicePort } from '@regatta/api';
import { checkCidr, checkIp, checkNonSpecialIp, ipFamily } from '../../validation/addresses.ts';
import { ErrorList } from '../../validation/error-list.ts';
import { eachItem, isEmptyList } from '../../validation/lists.ts';
import { ANNOTATIONS, type Path, SPEC, STATUS } from '../../validation/path.ts';
import {
  checkDnsLabel,
  checkDnsSubdomain,
  checkEnum,
  checkLabels,
  checkPortNumber,
  checkPortNumberOrName,
  checkQualifiedName,
} from '../../validation/rules.ts';
import { checkClusterIpFields, checkClusterIpsChange, checkIpFamiliesChange } from './cluster-ip-rules.ts';
import { isHeadless, needsHealthCheck } from './service-fields.ts';
import { checkTrafficFields } from './traffic-rules.ts';

const PORTS = SPEC.child('ports');
const CLUSTER_IP = SPEC.child('clusterIPs').index(0);
const LB_CLASS = SPEC.child('loadBalancerClass');
const MAX_AFFINITY_SECONDS = 86_400;
const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const AFFINITIES = ['ClientIP', 'None'];
export const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const HINTS = 'service.kubernetes.io/topology-aware-hints';
const MODE = 'service.kubernetes.io/topology-mode';
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'";

/** @param old what stands: addresses that it has already are not looked at again */
export function validateService(service: Service, old?: Service): ErrorList {
  const errors = new ErrorList();
  const { spec } = service;
  checkTopologyAnnotations(errors, service);
  if (isEmptyList(spec.ports) && !isHeadless(service) && spec.type !== 'ExternalName') errors.required(PORTS);
  checkByType(errors, service);
  const names = new Set<string>();
  eachItem(spec.ports, PORTS, (port, at) => checkPort(errors, at, port, (spec.ports?.length ?? 0) > 1, names));
  if (spec.selector) checkLabels(errors, SPEC.child('selector'), spec.selector);
  checkAffinity(errors, service);
  checkClusterIpFields(errors, service, old);
  const kept = new Set(old?.spec.externalIPs);
  eachItem(spec.externalIPs, SPEC.child('externalIPs'), (ip, at) => {
    if (checkIp(errors, at, ip, kept)) checkNonSpecialIp(errors, at, ip);
  });
  checkEnum(errors, SPEC.child('type'), spec.type, TYPES);
  checkPortUse(errors, service);
  checkSourceRanges(errors, service, old);
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer') {
    errors.forbidden(SPEC.child('allocateLoadBalancerNodePorts'), ONLY_LOAD_BALANCER);
  }
  checkLoadBalancerClass(errors, service);
  checkTrafficFields(errors, service);
  return errors;
}

export function validateServiceUpdate(service: Service, old: Service): ErrorList {
  const errors = new ErrorList();
  checkClusterIpsChange(errors, service, old);
  checkIpFamiliesChange(errors, service, old);
  if (service.spec.type === 'LoadBalancer' && old.spec.type === 'LoadBalancer') {
    const { loadBalancerClass } = service.spec;
    if (loadBalancerClass !== old.spec.loadBalancerClass) {
      errors.invalid(LB_CLASS, loadBalancerClass, 'may not change once set');
    }
  }
  checkLoadBalancerClass(errors, service);
  if (needsHealthCheck(old) && needsHealthCheck(service)) {
    if (service.spec.healthCheckNodePort !== old.spec.healthCheckNodePort) {
      errors.forbidden(SPEC.child('healthCheckNodePort'), 'field is immutable');
    }
  }
  errors.append(validateService(service, old));
  return errors;
}

export function validateServiceStatus(service: Service, old: Service): ErrorList {
  const errors = new ErrorList();
  const path = STATUS.child('loadBalancer').child('ingress');
  const ingress = service.status?.loadBalancer?.ingress;
  if (service.spec.type !== 'LoadBalancer' && !isEmptyList(ingress)) {
    errors.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'");
    return errors;
  }
  const kept = new Set(old.status?.loadBalancer?.ingress?.map((item) => item.ip ?? ''));
  eachItem(ingress, path, (item, at) => checkIngress(errors, at, item, kept));
  return errors;
}

function checkIngress(
  errors: ErrorList,
  path: Path,
  { ip, ipMode, hostname }: LoadBalancerIngress,
  kept: ReadonlySet<string>,
): void {
  if (ip) checkIp(errors, path.child('ip'), ip, kept);
  const mode = path.child('ipMode');
  if (ipMode === undefined) {
    if (ip) errors.required(mode, 'must be specified when `ip` is set');
  } else if (!ip) errors.forbidden(mode, 'may not be specified when `ip` is not set');
  else if (ipMode !== 'VIP' && ipMode !== 'Proxy') errors.notSupported(mode, ipMode, ['Proxy', 'VIP']);
  if (hostname) {
    checkDnsSubdomain(errors, path.child('hostname'), hostname);
    if (ipFamily(hostname) !== 0) {
      errors.invalid(path.child('hostname'), hostname, 'must be a DNS name, not an IP address');
    }
  }
}

function checkTopologyAnnotations(errors: ErrorList, { metadata }: Service): void {
  const mode = metadata.annotations?.[MODE];
  const hints = metadata.annotations?.[HINTS];
  if (mode === undefined || hints === undefined || mode === hints) return;
  errors.invalid(ANNOTATIONS.key(MODE), mode, `must match annotations[${HINTS}] when both are specified`);
}

function checkByType(errors: ErrorList, service: Service): void {
  const { spec } = service;
  switch (spec.type) {
    case 'LoadBalancer':
      if (isHeadless(service)) errors.invalid(CLUSTER_IP, 'None', "may not be set to 'None' for LoadBalancer services");
      break;
    case 'NodePort':
      if (isHeadless(service)) errors.invalid(CLUSTER_IP, 'None', "may not be set to 'None' for NodePort services");
      break;
    case 'ExternalName':
      checkExternalName(errors, service);
      break;
  }
}

function checkExternalName(errors: ErrorList, { spec }: Service): void {
  const unset = (name: string, given: boolean): void => {
    if (given) errors.forbidden(SPEC.child(name), 'may not be set for ExternalName services');
  };
  unset('clusterIPs', !isEmptyList(spec.clusterIPs));
  unset('ipFamilies', !isEmptyList(spec.ipFamilies));
  unset('ipFamilyPolicy', spec.ipFamilyPolicy !== undefined);
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name === '') errors.required(SPEC.child('externalName'));
  else checkDnsSubdomain(errors, SPEC.child('externalName'), name);
}

function checkPort(errors: ErrorList, path: Path, port: ServicePort, needsName: boolean, names: Set<string>): void {
  const { name } = port;
  if (!name) {
    if (needsName) errors.required(path.child('name'));
  } else {
    checkDnsLabel(errors, path.child('name'), name);
    if (names.has(name)) errors.duplicate(path.child('name'), name);
    names.add(name);
  }
  checkPortNumber(errors, path.child('port'), port.port);
  checkEnum(errors, path.child('protocol'), port.protocol, PROTOCOLS);
  checkPortNumberOrName(errors, path.child('targetPort'), port.targetPort);
  if (port.appProtocol !== undefined) checkQualifiedName(errors, path.child('appProtocol'), port.appProtocol);
}

function checkAffinity(errors: ErrorList, { spec }: Service): void {
  checkEnum(errors, SPEC.child('sessionAffinity'), spec.sessionAffinity, AFFINITIES);
  const path = SPEC.child('sessionAffinityConfig');
  if (spec.sessionAffinity === 'None' && spec.sessionAffinityConfig) {
    errors.forbidden(path, 'must not be set when session affinity is None');
  }
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (spec.sessionAffinity !== 'ClientIP' || seconds === undefined) return;
  if (seconds <= 0 || seconds > MAX_AFFINITY_SECONDS) {
    const at = path.child('clientIP').child('timeoutSeconds');
    errors.invalid(at, seconds, `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`);
  }
}

/** Node ports where they have no place, and what is told twice. */
function checkPortUse(errors: ErrorList, { spec }: Service): void {
  if (spec.type === 'ClusterIP') {
    eachItem(spec.ports, PORTS, (port, at) => {
      if (port.nodePort) errors.forbidden(at.child('nodePort'), "may not be used when `type` is 'ClusterIP'");
    });
  }
  const nodePorts = new Set<string>();
  eachItem(spec.ports, PORTS, ({ protocol, nodePort }, at) => {
    if (!nodePort) return;
    if (nodePorts.has(`${protocol}/${nodePort}`)) errors.duplicate(at.child('nodePort'), nodePort);
    nodePorts.add(`${protocol}/${nodePort}`);
  });
  const ports = new Set<string>();
  eachItem(spec.ports, PORTS, ({ protocol, port }, at) => {
    if (ports.has(`${protocol}/${port}`)) errors.duplicate(at, internalPort(protocol, port));
    ports.add(`${protocol}/${port}`);
  });
}

/** Upstream tells the port as its internal type has it, with all but protocol and port left at zero. */
function internalPort(protocol: string | undefined, port: number): object {
  return { Name: '', Protocol: protocol ?? '', AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
}

function checkSourceRanges(errors: ErrorList, { metadata, spec }: Service, old: Service | undefined): void {
  const isLoadBalancer = spec.type === 'LoadBalancer';
  if (!isEmptyList(spec.loadBalancerSourceRanges)) {
    const path = SPEC.child('LoadBalancerSourceRanges');
    if (!isLoadBalancer) errors.forbidden(path, ONLY_LOAD_BALANCER);
    const kept = new Set(old?.spec.loadBalancerSourceRanges?.map((range) => range.trim()));
    eachItem(spec.loadBalancerSourceRanges, path, (range, at) => checkCidr(errors, at, range.trim(), kept));
    return;
  }
  const annotation = metadata.annotations?.[SOURCE_RANGES];
  if (annotation === undefined) return;
  const path = ANNOTATIONS.key(SOURCE_RANGES);
  if (!isLoadBalancer) errors.forbidden(path, ONLY_LOAD_BALANCER);
  if (annotation.trim() === '' || annotation === old?.metadata.annotations?.[SOURCE_RANGES]) return;
  for (const range of annotation.trim().split(',')) checkCidr(errors, path, range.trim());
}

function checkLoadBalancerClass(errors: ErrorList, { spec }: Service): void {
  if (spec.loadBalancerClass === undefined) return;
  if (spec.type === 'LoadBalancer') checkQualifiedName(errors, LB_CLASS, spec.loadBalancerClass);
  else errors.forbidden(LB_CLASS, ONLY_LOAD_BALANCER);
}
