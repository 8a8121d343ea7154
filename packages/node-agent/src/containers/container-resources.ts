/**
 * A container's requests and limits as the kernel takes them
 * (upstream: pkg/kubelet/kuberuntime/kuberuntime_container_linux.go, generateLinuxContainerResources).
 */
import { milliValue, Quantity, type ResourceRequirements } from '@regatta/api';
import type { ContainerResources } from '../runtime/container-runtime.ts';

export function containerResources({ limits = {}, requests = {} }: ResourceRequirements = {}): ContainerResources {
  const cpuRequest = milliValue(requests['cpu'] ?? limits['cpu']);
  const cpuLimit = milliValue(limits['cpu']);
  const memoryRequest = bytes(requests['memory'] ?? limits['memory']);
  const memoryLimit = bytes(limits['memory']);
  return {
    ...(cpuRequest > 0 ? { cpuRequest } : {}),
    ...(cpuLimit > 0 ? { cpuLimit } : {}),
    ...(memoryRequest > 0 ? { memoryRequest } : {}),
    ...(memoryLimit > 0 ? { memoryLimit } : {}),
  };
}

function bytes(quantity: string | undefined): number {
  return quantity === undefined ? 0 : Number(Quantity.parse(quantity).value());
}
