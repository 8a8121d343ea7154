/**
 * What the level `baseline` forbids: known ways out of a container
 * (upstream: check_*.go of staging/src/k8s.io/pod-security-admission/policy; the Pod Security Standards name the fields).
 */
import type { Container, LifecycleHandler, Probe } from '@regatta/api';
import {
  type CheckedPod,
  containersThat,
  distinct,
  eachContainer,
  hasOwnUsers,
  named,
  plural,
  quoted,
  setters,
  type Violation,
} from './checked-pod.ts';

const APP_ARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';
const SECCOMP_POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_ANNOTATION = 'container.seccomp.security.alpha.kubernetes.io/';
const DEFAULT_CAPABILITIES: ReadonlySet<string> = new Set([
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP'],
  ...['SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
]);
const PROFILES: ReadonlySet<string> = new Set(['RuntimeDefault', 'Localhost']);

type Contexts = Container['securityContext'] | CheckedPod['spec']['securityContext'];

/** Who sets a profile that is neither the runtime's own nor a local one, and which. */
function badProfiles(
  pod: CheckedPod,
  typeIn: (context: Contexts) => string | undefined,
): { readonly who: string | undefined; readonly types: readonly string[] } {
  const types: string[] = [];
  const isBad = (context: Contexts): boolean => {
    const type = typeIn(context);
    const bad = type !== undefined && !PROFILES.has(type);
    if (bad) types.push(type);
    return bad;
  };
  const podSets = isBad(pod.spec.securityContext);
  const containers = containersThat(pod, ({ securityContext }) => isBad(securityContext));
  return { who: setters(podSets, containers), types: distinct(types) };
}

export function appArmorProfile(pod: CheckedPod): Violation | undefined {
  const { who, types } = badProfiles(pod, (context) => context?.appArmorProfile?.type);
  const annotations = Object.entries(pod.metadata.annotations ?? {})
    .filter(([key, value]) => key.startsWith(APP_ARMOR_ANNOTATION) && !isAllowedAnnotation(value, ['']))
    .map(([key, value]) => `${key}=${quoted([value])}`)
    .sort();
  const told = [who, annotations.length > 0 ? plural('annotation', annotations.length) : ''];
  const all = [...types, ...annotations];
  if (all.length === 0) return undefined;
  return {
    reason: plural('forbidden AppArmor profile', all.length),
    detail: `${told.filter(Boolean).join(' and ')} must not set AppArmor profile type to ${quoted(all)}`,
  };
}

function isAllowedAnnotation(value: string, more: readonly string[]): boolean {
  return value === 'runtime/default' || value.startsWith('localhost/') || more.includes(value);
}

export function addedCapabilities(pod: CheckedPod): Violation | undefined {
  const added = ({ securityContext }: Container): string[] =>
    (securityContext?.capabilities?.add ?? []).filter((name) => !DEFAULT_CAPABILITIES.has(name));
  const bad = containersThat(pod, (container) => added(container).length > 0);
  if (bad.length === 0) return undefined;
  const names = distinct(eachContainer(pod).flatMap(added));
  const detail = `${named('container', bad)} must not include ${quoted(names)} in securityContext.capabilities.add`;
  return { reason: 'non-default capabilities', detail };
}

export function hostNamespaces({ spec }: CheckedPod): Violation | undefined {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field] === true);
  if (shared.length === 0) return undefined;
  return { reason: 'host namespaces', detail: shared.map((field) => `${field}=true`).join(', ') };
}

export function hostPathVolumes({ spec }: CheckedPod): Violation | undefined {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
  return names.length === 0 ? undefined : { reason: 'hostPath volumes', detail: named('volume', names) };
}

export function hostPorts(pod: CheckedPod): Violation | undefined {
  const ports = (container: Container): string[] =>
    (container.ports ?? []).flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []));
  const bad = containersThat(pod, (container) => ports(container).length > 0);
  if (bad.length === 0) return undefined;
  const all = distinct(eachContainer(pod).flatMap(ports));
  const uses = bad.length === 1 ? 'uses' : 'use';
  return {
    reason: 'hostPort',
    detail: `${named('container', bad)} ${uses} ${plural('hostPort', all.length)} ${all.join(', ')}`,
  };
}

export function hostsInProbesAndHandlers(pod: CheckedPod): Violation | undefined {
  const hostsOf = (handler: Probe | LifecycleHandler | undefined): string[] =>
    [handler?.httpGet?.host, handler?.tcpSocket?.host].filter((host) => host !== undefined && host !== '') as string[];
  const hosts = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap(hostsOf);
  const bad = distinct(containersThat(pod, (container) => hosts(container).length > 0));
  if (bad.length === 0) return undefined;
  const all = distinct(eachContainer(pod).flatMap(hosts));
  const uses = bad.length === 1 ? 'uses' : 'use';
  return {
    reason: 'probe or lifecycle host',
    detail: `${named('container', bad)} ${uses} ${plural('probe or lifecycle host', all.length)} ${quoted(all)}`,
  };
}

export function privileged(pod: CheckedPod): Violation | undefined {
  const bad = containersThat(pod, ({ securityContext }) => securityContext?.privileged === true);
  if (bad.length === 0) return undefined;
  return { reason: 'privileged', detail: `${named('container', bad)} must not set securityContext.privileged=true` };
}

export function procMount(pod: CheckedPod): Violation | undefined {
  const mount = ({ securityContext }: Container): string => securityContext?.procMount ?? 'Default';
  const bad = eachContainer(pod).filter((container) => mount(container) !== 'Default');
  if (bad.length === 0) return undefined;
  const names = named(
    'container',
    bad.map(({ name }) => name),
  );
  const detail = `${names} must not set securityContext.procMount to ${quoted(distinct(bad.map(mount)))}`;
  return { reason: 'procMount', detail };
}

export function procMountOutsideUserNamespaces(pod: CheckedPod): Violation | undefined {
  return hasOwnUsers(pod) ? undefined : procMount(pod);
}

/** @param types which SELinux types may be set */
export function seLinuxOptions(types: readonly string[]): (pod: CheckedPod) => Violation | undefined {
  return (pod) => {
    const found = { types: [] as string[], user: false, role: false };
    const isBad = (options: { type?: string; user?: string; role?: string } | undefined): boolean => {
      const badType = Boolean(options?.type) && !types.includes(options?.type ?? '');
      if (badType) found.types.push(options?.type ?? '');
      if (options?.user) found.user = true;
      if (options?.role) found.role = true;
      return badType || Boolean(options?.user) || Boolean(options?.role);
    };
    const podSets = isBad(pod.spec.securityContext?.seLinuxOptions);
    const who = setters(
      podSets,
      containersThat(pod, ({ securityContext }) => isBad(securityContext?.seLinuxOptions)),
    );
    if (!who) return undefined;
    const what = [
      found.types.length > 0 ? named('type', distinct(found.types)) : '',
      found.user ? 'user may not be set' : '',
      found.role ? 'role may not be set' : '',
    ];
    const detail = `${who} set forbidden securityContext.seLinuxOptions: ${what.filter(Boolean).join('; ')}`;
    return { reason: 'seLinuxOptions', detail };
  };
}

/** The annotations from before there was a field. */
export function seccompAnnotations(pod: CheckedPod): Violation | undefined {
  const keys = [SECCOMP_POD_ANNOTATION, ...eachContainer(pod).map(({ name }) => `${SECCOMP_ANNOTATION}${name}`)];
  const annotations = pod.metadata.annotations ?? {};
  const bad = distinct(
    keys.flatMap((key) => {
      const value = Object.hasOwn(annotations, key) ? annotations[key] : undefined;
      if (value === undefined || isAllowedAnnotation(value, ['docker/default'])) return [];
      return [`${key}=${quoted([value])}`];
    }),
  );
  if (bad.length === 0) return undefined;
  return { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', bad.length)} ${bad.join(', ')}` };
}

/** Nobody sets a profile other than the runtime's own or a local one. */
export function seccompProfile(pod: CheckedPod): Violation | undefined {
  const { who, types } = badProfiles(pod, (context) => context?.seccompProfile?.type);
  if (!who) return undefined;
  return {
    reason: 'seccompProfile',
    detail: `${who} must not set securityContext.seccompProfile.type to ${quoted(types)}`,
  };
}

/** @param allowed those that touch nothing but the Pod */
export function sysctls(allowed: ReadonlySet<string>): (pod: CheckedPod) => Violation | undefined {
  return ({ spec }) => {
    const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !allowed.has(name));
    return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') };
  };
}

export function windowsHostProcess(pod: CheckedPod): Violation | undefined {
  const who = setters(
    pod.spec.securityContext?.windowsOptions?.hostProcess === true,
    containersThat(pod, ({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true),
  );
  if (!who) return undefined;
  return { reason: 'hostProcess', detail: `${who} must not set securityContext.windowsOptions.hostProcess=true` };
}
