/**
 * What a Pod of a named operating system may not set (upstream: validateOS, validateLinux, validateWindows of
 * pkg/apis/core/validation/validation.go).
 */
import type { ErrorList } from '../../validation/error-list.ts';
import type { Path } from '../../validation/path.ts';
import type { PodChecks } from './checks.ts';
import { eachContainer } from './each-container.ts';

const NO_WINDOWS_OPTIONS = 'windows options cannot be set for a linux pod';
const NOT_ON_WINDOWS = 'cannot be set for a windows pod';
const SYSTEMS = ['linux', 'windows'];

/** Fields of the Pod's security context, and of the spec itself, in upstream's order. */
const POD_FIELDS = [
  'securityContext.appArmorProfile',
  'securityContext.seLinuxOptions',
  'hostUsers',
  'hostPID',
  'hostIPC',
  'securityContext.seccompProfile',
  'securityContext.fsGroup',
  'securityContext.fsGroupChangePolicy',
  'securityContext.sysctls',
  'shareProcessNamespace',
  'securityContext.runAsUser',
  'securityContext.runAsGroup',
  'securityContext.supplementalGroups',
  'securityContext.supplementalGroupsPolicy',
  'securityContext.seLinuxChangePolicy',
] as const;
const CONTAINER_FIELDS = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const;

export function checkOperatingSystem({ errors, spec }: PodChecks, path: Path): void {
  const name = spec.os?.name;
  if (spec.os === undefined) return;
  if (!name) errors.required(path.child('os').child('name'));
  else if (!SYSTEMS.includes(name)) errors.notSupported(path.child('os'), name, SYSTEMS);
  else if (name === 'linux') checkLinux(errors, path, spec);
  else checkWindows(errors, path, spec);
}

function checkLinux(errors: ErrorList, path: Path, spec: PodChecks['spec']): void {
  if (spec.securityContext?.windowsOptions) {
    errors.forbidden(path.child('securityContext').child('windowsOptions'), NO_WINDOWS_OPTIONS);
  }
  eachContainer(spec, path, ({ securityContext }, at) => {
    if (!securityContext?.windowsOptions) return;
    errors.forbidden(at.child('securityContext').child('windowsOptions'), NO_WINDOWS_OPTIONS);
  });
}

function checkWindows(errors: ErrorList, path: Path, spec: PodChecks['spec']): void {
  for (const field of POD_FIELDS) {
    const inContext = field.startsWith('securityContext.');
    const name = inContext ? field.slice('securityContext.'.length) : field;
    const value: unknown = Reflect.get(inContext ? (spec.securityContext ?? {}) : spec, name);
    if (value !== undefined) errors.forbidden(path.child(field), NOT_ON_WINDOWS);
  }
  eachContainer(spec, path, ({ securityContext }, at) => {
    for (const name of CONTAINER_FIELDS) {
      if (securityContext?.[name] !== undefined) {
        errors.forbidden(at.child('securityContext').child(name), NOT_ON_WINDOWS);
      }
    }
  });
}
