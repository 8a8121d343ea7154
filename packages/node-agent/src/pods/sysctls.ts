/**
 * Kernel parameters that a Pod may set: the safe ones, where their namespace is the Pod's own
 * (upstream: pkg/kubelet/sysctl/{safe_sysctls,allowlist}.go).
 */
import type { Pod } from '@regatta/api';
import type { Refusal } from './pod-admission.ts';

const SAFE: Readonly<Record<string, 'IPC' | 'Net'>> = {
  'kernel.shm_rmid_forced': 'IPC',
  'net.ipv4.ip_local_port_range': 'Net',
  'net.ipv4.tcp_syncookies': 'Net',
  'net.ipv4.ping_group_range': 'Net',
  'net.ipv4.ip_unprivileged_port_start': 'Net',
  'net.ipv4.ip_local_reserved_ports': 'Net',
  'net.ipv4.tcp_keepalive_time': 'Net',
  'net.ipv4.tcp_fin_timeout': 'Net',
  'net.ipv4.tcp_keepalive_intvl': 'Net',
  'net.ipv4.tcp_keepalive_probes': 'Net',
  'net.ipv4.tcp_rmem': 'Net',
  'net.ipv4.tcp_wmem': 'Net',
};

/** As the kernel's files are named: slashes and dots change places where a slash comes first. */
export function dotted(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  if (first !== '/') return name;
  return name.replace(/[./]/g, (separator) => (separator === '/' ? '.' : '/'));
}

export function forbiddenSysctl({ spec }: Pod): Refusal | undefined {
  for (const { name } of spec.securityContext?.sysctls ?? []) {
    const why = whyNot(dotted(name), spec.hostIPC === true, spec.hostNetwork === true);
    if (why) return { reason: 'SysctlForbidden', message: `forbidden sysctl: ${JSON.stringify(name)} ${why}` };
  }
  return undefined;
}

function whyNot(name: string, hostIpc: boolean, hostNetwork: boolean): string | undefined {
  const namespace = Object.hasOwn(SAFE, name) ? SAFE[name] : undefined;
  if (namespace === undefined) return 'not allowlisted';
  const isShared = namespace === 'IPC' ? hostIpc : hostNetwork;
  return isShared ? `not allowed with host ${namespace} enabled` : undefined;
}
