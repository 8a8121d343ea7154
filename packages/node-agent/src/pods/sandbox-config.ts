/**
 * The sandbox that a Pod asks for (upstream: pkg/kubelet/kuberuntime/kuberuntime_sandbox.go, generatePodSandboxConfig).
 */
import type { Pod } from '@regatta/api';
import type { HostPort } from '../network/host-ports.ts';
import { protocolOf } from '../network/service-table.ts';
import type { SandboxConfig } from '../runtime/container-runtime.ts';
import { kernelHostname } from './pod-hostname.ts';
import { isHostNetwork, uidOf } from './pod-names.ts';
import { dotted } from './sysctls.ts';

export function sandboxConfig(
  pod: Pod,
  attempt: number,
  node: { readonly name: string; readonly clusterDomain: string },
): SandboxConfig {
  const { name, namespace = '' } = pod.metadata;
  const { hostPID, hostIPC, shareProcessNamespace, securityContext } = pod.spec;
  return {
    podUid: uidOf(pod),
    namespace,
    name,
    attempt,
    hostname: isHostNetwork(pod) ? node.name : kernelHostname(pod, node.clusterDomain),
    hostNetwork: isHostNetwork(pod),
    processNamespace: hostPID ? 'node' : shareProcessNamespace ? 'pod' : 'container',
    hostIpc: hostIPC === true,
    sysctls: Object.fromEntries((securityContext?.sysctls ?? []).map(({ name, value }) => [dotted(name), value])),
    hostPorts: isHostNetwork(pod) ? [] : hostPorts(pod),
  };
}

function hostPorts({ spec }: Pod): HostPort[] {
  return [...(spec.initContainers ?? []), ...spec.containers].flatMap(({ ports = [] }) =>
    ports.flatMap((port) => {
      const { hostPort, hostIP = '', containerPort } = port;
      return hostPort ? [{ hostIp: hostIP, hostPort, containerPort, protocol: protocolOf(port) }] : [];
    }),
  );
}
