/**
 * Linux's capabilities by number, and the set that a container's processes have (capabilities(7)).
 */
import type { ContainerSecurity } from '../container-runtime.ts';

const NAMES = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
).split(' ');

/** What containerd gives every container. */
const DEFAULTS =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE';

export interface CapabilitySets {
  readonly bounding: bigint;
  /** Empty for processes of other users than root. */
  readonly effective: bigint;
}

export function capabilitiesOf(security: ContainerSecurity, uid: number): CapabilitySets {
  const bounding = maskOf(boundingSet(security));
  return { bounding, effective: uid === 0 ? bounding : 0n };
}

function boundingSet(security: ContainerSecurity): ReadonlySet<string> {
  if (security.privileged) return new Set(NAMES);
  const drops = new Set(security.droppedCapabilities.map(plainName));
  const adds = security.addedCapabilities.map(plainName);
  const set = new Set(drops.has('ALL') ? [] : adds.includes('ALL') ? NAMES : DEFAULTS.split(' '));
  for (const name of drops) set.delete(name);
  for (const name of adds) set.add(name);
  return set;
}

function plainName(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}

function maskOf(names: ReadonlySet<string>): bigint {
  let mask = 0n;
  for (const [bit, name] of NAMES.entries()) if (names.has(name)) mask |= 1n << BigInt(bit);
  return mask;
}
