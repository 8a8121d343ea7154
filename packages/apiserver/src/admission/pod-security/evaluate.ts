/**
 * Which checks hold for a level and a version (upstream: registry.go and the check_*.go of
 * staging/src/k8s.io/pod-security-admission/policy). A rule that changed has a row for each span of versions.
 */
import * as baseline from './baseline-checks.ts';
import type { CheckedPod, Violation } from './checked-pod.ts';
import type { LevelVersion } from './policy.ts';
import * as restricted from './restricted-checks.ts';

interface Check {
  readonly level: 'baseline' | 'restricted';
  /** First and last minor version; the last is open unless told. */
  readonly from: number;
  readonly to?: number;
  /** A baseline check that a restricted one includes. */
  readonly covered?: boolean;
  readonly check: (pod: CheckedPod) => Violation | undefined;
}

const SYSCTLS_1_0 = [
  ...['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_syncookies'],
  ...['net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start'],
];
const SYSCTLS_1_27 = [...SYSCTLS_1_0, 'net.ipv4.ip_local_reserved_ports'];
const SYSCTLS_1_29 = [
  ...[...SYSCTLS_1_27, 'net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl'],
  'net.ipv4.tcp_keepalive_probes',
];
const SYSCTLS_1_32 = [...SYSCTLS_1_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];
const SELINUX_TYPES = ['container_t', 'container_init_t', 'container_kvm_t'];

const forbids = (check: Check['check'], from = 0, to?: number): Check => ({
  level: 'baseline',
  from,
  check,
  ...(to === undefined ? {} : { to }),
});
const covered = (check: Check['check'], from = 0, to?: number): Check => ({
  ...forbids(check, from, to),
  covered: true,
});
const asks = (check: Check['check'], from = 0, to?: number): Check => ({
  ...forbids(check, from, to),
  level: 'restricted',
});

/** In upstream's order. */
const CHECKS: readonly Check[] = [
  forbids(baseline.appArmorProfile),
  covered(baseline.addedCapabilities),
  forbids(baseline.hostNamespaces),
  covered(baseline.hostPathVolumes),
  forbids(baseline.hostPorts),
  forbids(baseline.hostsInProbesAndHandlers, 34),
  forbids(baseline.privileged),
  forbids(baseline.procMount, 0, 34),
  covered(baseline.procMountOutsideUserNamespaces, 35),
  forbids(baseline.seLinuxOptions(SELINUX_TYPES), 0, 30),
  forbids(baseline.seLinuxOptions([...SELINUX_TYPES, 'container_engine_t']), 31),
  covered(baseline.seccompAnnotations, 0, 18),
  covered(baseline.seccompProfile, 19),
  forbids(baseline.sysctls(new Set(SYSCTLS_1_0)), 0, 26),
  forbids(baseline.sysctls(new Set(SYSCTLS_1_27)), 27, 28),
  forbids(baseline.sysctls(new Set(SYSCTLS_1_29)), 29, 31),
  forbids(baseline.sysctls(new Set(SYSCTLS_1_32)), 32),
  forbids(baseline.windowsHostProcess),
  asks(restricted.allowPrivilegeEscalation, 8, 24),
  asks(restricted.unlessWindows(restricted.allowPrivilegeEscalation), 25),
  asks(restricted.droppedCapabilities, 22, 24),
  asks(restricted.unlessWindows(restricted.droppedCapabilities), 25),
  asks(baseline.procMount, 35),
  asks(restricted.restrictedVolumes),
  asks(restricted.runAsNonRoot, 0, 34),
  asks(restricted.unlessOwnUsers(restricted.runAsNonRoot), 35),
  asks(restricted.runAsUser, 23, 34),
  asks(restricted.unlessOwnUsers(restricted.runAsUser), 35),
  asks(restricted.someSeccompProfile, 19, 24),
  asks(restricted.unlessWindows(restricted.someSeccompProfile), 25),
];

/** All that the Pod violates, in upstream's order. */
export function violationsOf({ level, minor = Number.POSITIVE_INFINITY }: LevelVersion, pod: CheckedPod): Violation[] {
  if (level === 'privileged') return [];
  const now = CHECKS.filter(({ from, to = Number.POSITIVE_INFINITY }) => from <= minor && minor <= to);
  const first = now.filter((check) => check.level === 'baseline' && !check.covered);
  const last = now.filter((check) => (level === 'baseline' ? check.covered : check.level === 'restricted'));
  return [...first, ...last].flatMap(({ check }) => check(pod) ?? []);
}
