/**
 * The sandbox that a Pod asks for (upstream: pkg/kubelet/kuberuntime/kuberuntime_sandbox.go, generatePodSandboxConfig).
 */
import type { Pod } from '@regatta/api';
import type { SandboxConfig } from '../runtime/container-runtime.ts';
import { hostnameOf, isHostNetwork, uidOf } from './pod-names.ts';

export function sandboxConfig(pod: Pod, attempt: number, nodeName: string): SandboxConfig {
  const { name, namespace = '' } = pod.metadata;
  const { hostPID, hostIPC, shareProcessNamespace, securityContext } = pod.spec;
  return {
    podUid: uidOf(pod),
    namespace,
    name,
    attempt,
    hostname: isHostNetwork(pod) ? nodeName : hostnameOf(pod),
    hostNetwork: isHostNetwork(pod),
    processNamespace: hostPID ? 'node' : shareProcessNamespace ? 'pod' : 'container',
    hostIpc: hostIPC === true,
    sysctls: Object.fromEntries((securityContext?.sysctls ?? []).map(({ name, value }) => [name, value])),
  };
}
