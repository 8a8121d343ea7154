/**
 * Who a container runs as and what it may do: its own security context over its Pod's
 * (upstream: pkg/securitycontext/util.go, pkg/kubelet/kuberuntime/security_context.go).
 */
import type { Container, Pod } from '@regatta/api';
import type { ContainerSecurity } from '../runtime/container-runtime.ts';

export function containerSecurity(pod: Pod, container: Container): ContainerSecurity {
  const own = container.securityContext ?? {};
  const { runAsUser, runAsGroup, fsGroup, supplementalGroups = [] } = pod.spec.securityContext ?? {};
  const gid = own.runAsGroup ?? runAsGroup ?? 0;
  const groups = new Set([gid, ...(fsGroup === undefined ? [] : [fsGroup]), ...supplementalGroups]);
  return {
    uid: own.runAsUser ?? runAsUser ?? 0,
    gid,
    groups: [...groups],
    privileged: own.privileged === true,
    allowPrivilegeEscalation: own.allowPrivilegeEscalation !== false,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem === true,
    addedCapabilities: (own.capabilities?.add ?? []).map(plainName),
    droppedCapabilities: (own.capabilities?.drop ?? []).map(plainName),
  };
}

function plainName(capability: string): string {
  return capability.replace(/^CAP_/, '');
}
