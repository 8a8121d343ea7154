/**
 * Security contexts of Pods and containers (upstream: ValidateSecurityContext, validatePodSpecSecurityContext of
 * pkg/apis/core/validation/validation.go).
 */
import type { AppArmorProfile, PodSecurityContext, SeccompProfile, SecurityContext, Sysctl } from '@regatta/api';
import { internalForm } from '../../internal/internal-form.ts';
import type { ErrorList } from '../../validation/error-list.ts';
import { eachItem } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import type { PodChecks } from './checks.ts';
import { checkDescendingPath } from './paths.ts';
import { checkWindowsOptions } from './windows-options.ts';

const MAX_ID = 2_147_483_647;
const ID_RANGE = `must be between 0 and ${MAX_ID}, inclusive`;
const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const CHANGE_POLICIES = ['Always', 'OnRootMismatch'];
const GROUP_POLICIES = ['Merge', 'Strict'];
/** MountOption comes with a feature that v1.36 leaves off. */
const SELINUX_POLICIES = ['Recursive'];
const PROC_MOUNTS = ['Default', 'Unmasked'];
const MAX_APPARMOR_NAME = 4095;
const MAX_SYSCTL = 253;
const SYSCTL_TEXT = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';
const SYSCTL_PART = /^[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;

export function checkSecurityContext({ errors, spec }: PodChecks, path: Path, context: SecurityContext): void {
  checkId(errors, path.child('runAsUser'), context.runAsUser);
  checkId(errors, path.child('runAsGroup'), context.runAsGroup);
  const { procMount, capabilities } = context;
  if (procMount !== undefined) {
    if (!PROC_MOUNTS.includes(procMount)) errors.notSupported(path.child('procMount'), procMount, PROC_MOUNTS);
    if (procMount === 'Unmasked' && spec.hostUsers !== false) {
      errors.invalid(path.child('procMount'), procMount, '`hostUsers` must be false to use `Unmasked`');
    }
  }
  checkSeccompProfile(errors, path.child('seccompProfile'), context.seccompProfile);
  if (context.allowPrivilegeEscalation === false) {
    const refuse = (what: string): void =>
      errors.invalid(
        path,
        internalForm('SecurityContext', context),
        `cannot set \`allowPrivilegeEscalation\` to false and ${what}`,
      );
    if (context.privileged) refuse('`privileged` to true');
    for (const capability of capabilities?.add ?? []) {
      if (capability === 'CAP_SYS_ADMIN') refuse('`capabilities.Add` CAP_SYS_ADMIN');
    }
  }
  if (context.windowsOptions) checkWindowsOptions(errors, path.child('windowsOptions'), context.windowsOptions);
  checkAppArmorProfile(errors, path.child('appArmorProfile'), context.appArmorProfile);
}

export function checkPodSecurityContext({ errors, spec }: PodChecks, path: Path, context: PodSecurityContext): void {
  checkId(errors, path.child('fsGroup'), context.fsGroup);
  checkId(errors, path.child('runAsUser'), context.runAsUser);
  checkId(errors, path.child('runAsGroup'), context.runAsGroup);
  eachItem(context.supplementalGroups, path.child('supplementalGroups'), (id, at) => checkId(errors, at, id));
  if (spec.shareProcessNamespace && spec.hostPID) {
    const why = 'ShareProcessNamespace and HostPID cannot both be enabled';
    errors.invalid(path.child('shareProcessNamespace'), true, why);
  }
  if (context.sysctls) checkSysctls(errors, path.child('sysctls'), context.sysctls, spec);
  checkOptional(errors, path.child('fsGroupChangePolicy'), context.fsGroupChangePolicy, CHANGE_POLICIES);
  checkSeccompProfile(errors, path.child('seccompProfile'), context.seccompProfile);
  if (context.windowsOptions) checkWindowsOptions(errors, path.child('windowsOptions'), context.windowsOptions);
  checkAppArmorProfile(errors, path.child('appArmorProfile'), context.appArmorProfile);
  checkOptional(errors, path.child('supplementalGroupsPolicy'), context.supplementalGroupsPolicy, GROUP_POLICIES);
  checkOptional(errors, path.child('seLinuxChangePolicy'), context.seLinuxChangePolicy, SELINUX_POLICIES);
}

function checkOptional(errors: ErrorList, at: Path, value: string | undefined, supported: readonly string[]): void {
  if (value !== undefined && !supported.includes(value)) errors.notSupported(at, value, supported);
}

export function checkId(errors: ErrorList, at: Path, id: number | undefined): void {
  if (id !== undefined && (id < 0 || id > MAX_ID)) errors.invalid(at, id, ID_RANGE);
}

function checkSeccompProfile(errors: ErrorList, path: Path, profile: SeccompProfile | undefined): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  if (!type) errors.required(path.child('type'), 'type is required when seccompProfile is set');
  else if (!PROFILE_TYPES.includes(type)) errors.notSupported(path.child('type'), type, PROFILE_TYPES);
  const at = path.child('localhostProfile');
  if (type === 'Localhost') {
    if (localhostProfile === undefined) errors.required(at, 'must be set when seccomp type is Localhost');
    else checkDescendingPath(errors, at, localhostProfile);
  } else if (localhostProfile !== undefined) {
    const why = 'can only be set when seccomp type is Localhost';
    errors.invalid(at, internalForm('SeccompProfile', profile), why);
  }
}

function checkAppArmorProfile(errors: ErrorList, path: Path, profile: AppArmorProfile | undefined): void {
  if (!profile) return;
  const { type, localhostProfile: name } = profile;
  const at = path.child('localhostProfile');
  if (!type) errors.required(path.child('type'), 'type is required when appArmorProfile is set');
  else if (!PROFILE_TYPES.includes(type)) errors.notSupported(path.child('type'), type, PROFILE_TYPES);
  else if (type !== 'Localhost') {
    if (name !== undefined) errors.invalid(at, name, 'can only be set when AppArmor type is Localhost');
  } else if (!name) errors.required(at, 'must be set when AppArmor type is Localhost');
  else {
    if (name.trim() !== name) errors.invalid(at, name, 'must not be padded with whitespace');
    if (Buffer.byteLength(name) > MAX_APPARMOR_NAME) errors.tooLong(at, name, MAX_APPARMOR_NAME);
  }
}

interface HostNamespaces {
  readonly hostNetwork?: boolean;
  readonly hostIPC?: boolean;
}

function checkSysctls(errors: ErrorList, path: Path, sysctls: readonly Sysctl[], host: HostNamespaces): void {
  const names = new Set<string>();
  eachItem(sysctls, path, ({ name }, item) => {
    const at = item.child('name');
    if (!name) errors.required(at);
    else if (!isSysctlName(name)) {
      errors.invalid(at, name, `must have at most ${MAX_SYSCTL} characters and match regex ${SYSCTL_TEXT}`);
    } else if (names.has(name)) errors.duplicate(at, name);
    const dotted = name.replaceAll('/', '.');
    if (host.hostNetwork && dotted.startsWith('net.')) {
      errors.invalid(at, name, "may not be specified when 'hostNetwork' is true");
    } else if (host.hostIPC && /^(kernel\.(shm|msg|sem)|fs\.mqueue\.)/.test(dotted)) {
      errors.invalid(at, name, "may not be specified when 'hostIPC' is true");
    }
    names.add(name);
  });
}

function isSysctlName(name: string): boolean {
  return name.length <= MAX_SYSCTL && name.split(/[./]/).every((part) => SYSCTL_PART.test(part));
}
