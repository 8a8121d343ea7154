/**
 * Warnings about Pods and templates (upstream: pkg/api/pod/warnings.go; its order is kept).
 */
import { type ObjectMeta, type PodAffinity, type PodSpec, Quantity, type Volume } from '@regatta/api';
import { eachItem } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { type AnyContainer, eachContainer } from './each-container.ts';
import { DEPRECATED, nodeSelectorWarnings } from './node-label-warnings.ts';
import { pathWarnings } from './path-warnings.ts';
import { portWarnings } from './port-warnings.ts';

const NO_MATCH = 'a null labelSelector results in matching no pod';
const DEPRECATED_ANNOTATIONS: readonly (readonly [string, string])[] = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
];
/** Volume field → what is told, and under which name. */
const DEPRECATED_VOLUMES: readonly (readonly [keyof Volume, string, string?])[] = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+', 'storageOS'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const USE_SECCOMP_FIELD = 'non-functional in v1.27+; use the "seccompProfile" field instead';

interface Subject {
  readonly spec: PodSpec;
  readonly meta: ObjectMeta | undefined;
  /** Of the Pod or the template. */
  readonly path: Path;
  readonly warnings: string[];
  readonly isTemplate: boolean;
}

/** @param path empty for a Pod, `spec.template` and the like for a template */
export function podWarnings(path: Path, spec: PodSpec, meta: ObjectMeta | undefined, isTemplate: boolean): string[] {
  const warnings: string[] = [];
  const subject: Subject = { spec, meta, path, warnings, isTemplate };
  const specPath = path.child('spec');
  warnings.push(...nodeSelectorWarnings(spec, specPath));
  spreadWarnings(subject, specPath);
  annotationWarnings(subject);
  if (spec.volumes) volumeWarnings(subject, specPath);
  duplicateWarnings(subject, specPath);
  fractionWarnings(subject, specPath.child('overhead'), spec.overhead);
  if (meta?.annotations?.[SECCOMP_POD] !== undefined && !spec.securityContext?.seccompProfile) {
    warnings.push(`${path.child('metadata').child('annotations').key(SECCOMP_POD)}: ${USE_SECCOMP_FIELD}`);
  }
  eachContainer(spec, specPath, (container, at) => containerWarnings(subject, container, at));
  warnings.push(...portWarnings(spec, specPath));
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    const at = specPath.child('terminationGracePeriodSeconds');
    warnings.push(`${at}: must be >= 0; negative values are invalid and will be treated as 1`);
  }
  for (const field of ['podAffinity', 'podAntiAffinity'] as const) {
    affinityWarnings(subject, specPath.child('affinity').child(field), spec.affinity?.[field]);
  }
  return warnings;
}

function spreadWarnings({ spec, warnings }: Subject, path: Path): void {
  eachItem(spec.topologySpreadConstraints, path.child('topologySpreadConstraints'), (constraint, at) => {
    const { labelSelector, topologyKey } = constraint;
    const message = DEPRECATED.get(topologyKey);
    if (message) warnings.push(`${at.child('topologyKey')}: ${topologyKey} is ${message}`);
    if (!labelSelector) warnings.push(`${at.child('labelSelector')}: ${NO_MATCH}`);
  });
}

function annotationWarnings({ meta, path, warnings }: Subject): void {
  if (!meta?.annotations) return;
  for (const [key, message] of DEPRECATED_ANNOTATIONS) {
    if (meta.annotations[key] !== undefined) {
      warnings.push(`${path.child('metadata').child('annotations').key(key)}: ${message}`);
    }
  }
}

function volumeWarnings({ spec, warnings }: Subject, path: Path): void {
  eachItem(spec.volumes, path.child('volumes'), (volume, at) => {
    for (const [field, message, name] of DEPRECATED_VOLUMES) {
      if (volume[field] !== undefined) warnings.push(`${at.child(name ?? field)}: ${message}`);
    }
    const storage = volume.ephemeral?.volumeClaimTemplate?.spec?.resources?.requests?.['storage'];
    const claim = at.child('ephemeral').child('volumeClaimTemplate').child('spec');
    if (storage && isFraction(storage)) {
      warnings.push(fraction(claim.child('resources').child('requests').key('storage'), storage));
    }
  });
  for (const volume of spec.volumes ?? []) warnings.push(...pathWarnings(volume));
}

function duplicateWarnings({ spec, warnings }: Subject, path: Path): void {
  const seen = new Set<string>();
  eachItem(spec.hostAliases, path.child('hostAliases'), ({ ip }, at) => {
    if (seen.has(ip)) warnings.push(`${at.child('ip')}: duplicate ip ${JSON.stringify(ip)}`);
    seen.add(ip);
  });
  const secrets = new Set<string>();
  const secretsAt = path.child('imagePullSecrets');
  eachItem(spec.imagePullSecrets, secretsAt, ({ name = '' }, at) => {
    if (secrets.has(name)) warnings.push(`${at.child('name')}: duplicate name ${JSON.stringify(name)}`);
    secrets.add(name);
  });
  eachItem(spec.imagePullSecrets, secretsAt, ({ name }, at) => {
    if (!name) warnings.push(`${at.child('name')}: invalid empty name ""`);
  });
}

function containerWarnings(subject: Subject, container: AnyContainer, path: Path): void {
  const { meta, warnings } = subject;
  const annotationsAt = subject.path.child('metadata').child('annotations');
  const seccomp = SECCOMP_CONTAINER + container.name;
  if (meta?.annotations?.[seccomp] !== undefined && !container.securityContext?.seccompProfile) {
    warnings.push(`${annotationsAt.key(seccomp)}: ${USE_SECCOMP_FIELD}`);
  }
  const apparmor = APPARMOR + container.name;
  const hasField = subject.spec.securityContext?.appArmorProfile ?? container.securityContext?.appArmorProfile;
  if (meta?.annotations?.[apparmor] !== undefined && !hasField) {
    warnings.push(`${annotationsAt.key(apparmor)}: deprecated since v1.30; use the "appArmorProfile" field instead`);
  }
  const resources = path.child('resources');
  for (const name of ['memory', 'ephemeral-storage']) {
    for (const side of ['limits', 'requests'] as const) {
      const text = container.resources?.[side]?.[name];
      if (text !== undefined && isFraction(text)) warnings.push(fraction(resources.child(side).key(name), text));
    }
  }
  if (container.env && container.env.length > 1) envWarnings(warnings, path.child('env'), container.env);
}

function envWarnings(warnings: string[], path: Path, env: NonNullable<AnyContainer['env']>): void {
  const names = new Set<string>();
  eachItem(env, path, ({ name, value = '', valueFrom }, at) => {
    const reference = `$(${name})`;
    const hides = valueFrom !== undefined || value === reference || !value.includes(reference);
    if (names.has(name) && hides) {
      warnings.push(
        `${at}: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
      );
    }
    names.add(name);
  });
}

function fractionWarnings(
  { warnings }: Subject,
  path: Path,
  resources: Readonly<Record<string, string>> | undefined,
): void {
  if (!resources) return;
  for (const name of ['memory', 'ephemeral-storage']) {
    const text = resources[name];
    if (text !== undefined && isFraction(text)) warnings.push(fraction(path.key(name), text));
  }
}

export function isFraction(text: string): boolean {
  return !/^[0-9]+([KMGTPE]i|[kMGTPE])?$/.test(text) && Quantity.parse(text).milli() % 1000n !== 0n;
}

export function fraction(at: Path, text: string): string {
  return `${at}: fractional byte value ${JSON.stringify(text)} is invalid, must be an integer`;
}

function affinityWarnings({ warnings }: Subject, path: Path, affinity: PodAffinity | undefined): void {
  if (!affinity) return;
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  eachItem(affinity[required], path.child(required), ({ labelSelector }, at) => {
    if (!labelSelector) warnings.push(`${at.child('labelSelector')}: ${NO_MATCH}`);
  });
  eachItem(affinity[preferred], path.child(preferred), ({ podAffinityTerm }, at) => {
    if (!podAffinityTerm.labelSelector)
      warnings.push(`${at.child('podAffinityTerm').child('labelSelector')}: ${NO_MATCH}`);
  });
}
