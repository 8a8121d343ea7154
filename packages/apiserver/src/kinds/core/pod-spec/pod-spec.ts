/**
 * Validation of a PodSpec, in a Pod or in a template (upstream: ValidatePodSpec of
 * pkg/apis/core/validation/validation.go; its order is kept).
 */
import {
  inclusiveRangeMessage,
  isDNS1123Subdomain,
  type ObjectMeta,
  type PodResourceClaim,
  type PodSpec,
} from '@regatta/api';
import { internalForm } from '../../internal/internal-form.ts';
import type { ErrorList } from '../../validation/error-list.ts';
import { eachItem, isEmptyList } from '../../validation/lists.ts';
import { NAMELESS, type Path } from '../../validation/path.ts';
import {
  checkDnsLabel,
  checkDnsSubdomain,
  checkEnum,
  checkLabels,
  checkQualifiedName,
} from '../../validation/rules.ts';
import { checkAffinity } from './affinity.ts';
import { MIRROR } from './annotations.ts';
import type { PodChecks } from './checks.ts';
import { checkContainers, checkEphemeralContainers, checkInitContainers } from './containers.ts';
import { checkDnsConfig, checkDnsPolicy, checkHostAliases } from './dns.ts';
import { eachContainer } from './each-container.ts';
import { checkFileKeyVolumes } from './env.ts';
import { checkOperatingSystem } from './operating-system.ts';
import { checkOverhead, checkPodResources } from './resources.ts';
import { checkSchedulingGates, checkTolerations, checkTopologySpread } from './scheduling.ts';
import { checkPodSecurityContext } from './security-context.ts';
import { checkVolumes } from './volumes.ts';
import { checkHostProcess } from './windows-options.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const PREEMPTION_POLICIES = ['PreemptLowerPriority', 'Never'];
const MAX_INT32 = 2_147_483_647;
const MAX_HOSTNAME = 64;

/** @param meta the Pod's metadata; undefined in a template */
export function checkPodSpec(errors: ErrorList, path: Path, spec: PodSpec, meta: ObjectMeta | undefined): void {
  if (spec.terminationGracePeriodSeconds === undefined) errors.required(path.child('terminationGracePeriodSeconds'));
  const volumes = checkVolumes(errors, path.child('volumes'), spec.volumes, meta);
  const claims = new Set((spec.resourceClaims ?? []).map(({ name }) => name).filter(Boolean));
  const checks: PodChecks = { errors, spec, meta, volumes, claims };
  if (spec.resourceClaims) checkResourceClaims(checks, path.child('resourceClaims'), spec.resourceClaims);
  checkContainers(checks, path.child('containers'));
  checkInitContainers(checks, path.child('initContainers'));
  checkEphemeralContainers(checks, path.child('ephemeralContainers'));
  if (spec.resources) checkPodResources(checks, path.child('resources'), spec.resources);
  if (spec.hostNetwork) checkHostNetwork(checks, path);
  checkEnum(errors, path.child('restartPolicy'), spec.restartPolicy, RESTART_POLICIES);
  checkDnsPolicy(errors, path.child('dnsPolicy'), spec);
  if (spec.nodeSelector) checkLabels(errors, path.child('nodeSelector'), spec.nodeSelector);
  checkPodSecurityContext(checks, path.child('securityContext'), spec.securityContext ?? {});
  if (spec.affinity) checkAffinity(errors, path.child('affinity'), spec.affinity);
  checkDnsConfig(errors, path.child('dnsConfig'), spec);
  eachItem(spec.readinessGates, path.child('readinessGates'), ({ conditionType }, at) =>
    checkQualifiedName(errors, at.child('conditionType'), conditionType),
  );
  if (spec.schedulingGates) checkSchedulingGates(errors, path.child('schedulingGates'), spec.schedulingGates);
  if (spec.topologySpreadConstraints) {
    checkTopologySpread(errors, path.child('topologySpreadConstraints'), spec.topologySpreadConstraints);
  }
  checkHostProcess(checks, path);
  if (spec.hostUsers === false) checkHostUsers(checks, path);
  checkHostnameOverride(errors, path, spec);
  checkNames(errors, path, spec);
  checkOperatingSystem(checks, path);
  checkFileKeyVolumes(checks, path);
}

function checkNames(errors: ErrorList, path: Path, spec: PodSpec): void {
  if (spec.serviceAccountName) checkDnsSubdomain(errors, path.child('serviceAccountName'), spec.serviceAccountName);
  if (spec.nodeName) checkDnsSubdomain(errors, path.child('nodeName'), spec.nodeName);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32)) {
    errors.invalid(path.child('activeDeadlineSeconds'), deadline, inclusiveRangeMessage(1, MAX_INT32));
  }
  if (spec.hostname) checkDnsLabel(errors, path.child('hostname'), spec.hostname);
  if (spec.subdomain) checkDnsLabel(errors, path.child('subdomain'), spec.subdomain);
  if (spec.tolerations) checkTolerations(errors, path.child('tolerations'), spec.tolerations);
  if (spec.hostAliases) checkHostAliases(errors, path.child('hostAliases'), spec.hostAliases);
  if (spec.priorityClassName) checkDnsSubdomain(errors, path.child('priorityClassName'), spec.priorityClassName);
  if (spec.runtimeClassName !== undefined) {
    checkDnsSubdomain(errors, path.child('runtimeClassName'), spec.runtimeClassName);
  }
  if (spec.preemptionPolicy !== undefined) {
    checkEnum(errors, path.child('preemptionPolicy'), spec.preemptionPolicy, PREEMPTION_POLICIES);
  }
  if (spec.overhead) checkOverhead(errors, path.child('overhead'), spec.overhead);
}

function checkHostnameOverride(errors: ErrorList, path: Path, spec: PodSpec): void {
  const name = spec.hostnameOverride;
  if (name === undefined) return;
  const at = path.child('hostnameOverride');
  if (spec.setHostnameAsFQDN) errors.forbidden(at, 'may not be specified when setHostnameAsFQDN is true');
  if (spec.hostNetwork) errors.forbidden(at, 'may not be specified when hostNetwork is true');
  if (Buffer.byteLength(name) > MAX_HOSTNAME) errors.tooLong(at, name, MAX_HOSTNAME);
  errors.invalidEach(at, name, isDNS1123Subdomain(name));
}

function checkHostNetwork({ errors, spec, meta }: PodChecks, path: Path): void {
  eachItem(spec.containers, path.child('containers'), ({ ports }, at) =>
    eachItem(ports, at.child('ports'), ({ hostPort, containerPort }, portAt) => {
      if ((meta || hostPort) && (hostPort ?? 0) !== containerPort) {
        errors.invalid(
          portAt.child('hostPort'),
          hostPort ?? 0,
          'must match `containerPort` when `hostNetwork` is true',
        );
      }
    }),
  );
}

function checkHostUsers({ errors, spec }: PodChecks, path: Path): void {
  const why = 'when `hostUsers` is false';
  if (spec.hostNetwork) errors.forbidden(path.child('hostNetwork'), why);
  if (spec.hostPID) errors.forbidden(path.child('HostPID'), why);
  if (spec.hostIPC) errors.forbidden(path.child('HostIPC'), why);
  eachContainer(spec, path, ({ volumeDevices }, at) => {
    if (!isEmptyList(volumeDevices)) errors.forbidden(at.child('volumeDevices'), why);
  });
}

function checkResourceClaims({ errors, meta }: PodChecks, path: Path, claims: readonly PodResourceClaim[]): void {
  const names = new Set<string>();
  const isMirror = meta?.annotations?.[MIRROR] !== undefined;
  eachItem(claims, path, (claim, at) => {
    if (isMirror) {
      errors.forbidden(NAMELESS, 'static pods do not support resource claims');
      return;
    }
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    if (!name) errors.required(at.child('name'));
    else if (names.has(name)) errors.duplicate(at.child('name'), name);
    else checkDnsLabel(errors, at.child('name'), name);
    names.add(name);
    const both = resourceClaimName !== undefined && resourceClaimTemplateName !== undefined;
    const neither = resourceClaimName === undefined && resourceClaimTemplateName === undefined;
    if (both) {
      const why = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      errors.invalid(at, internalForm('PodResourceClaim', claim), why);
    }
    if (neither) {
      const why = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`';
      errors.invalid(at, internalForm('PodResourceClaim', claim), why);
    }
    if (resourceClaimName !== undefined) checkDnsSubdomain(errors, at.child('resourceClaimName'), resourceClaimName);
    if (resourceClaimTemplateName !== undefined) {
      checkDnsSubdomain(errors, at.child('resourceClaimTemplateName'), resourceClaimTemplateName);
    }
  });
}
