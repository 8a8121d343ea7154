/**
 * Makes the sandbox of a Pod in place of one that is dead
 * (upstream: pkg/kubelet/kuberuntime/kuberuntime_sandbox.go, createPodSandbox).
 */
import type { Pod } from '@regatta/api';
import type { SandboxRecord } from '../runtime/container-runtime.ts';
import { podReference, uidOf } from './pod-names.ts';
import type { PodServices } from './pod-services.ts';
import { checkRuntimeClass } from './runtime-handler.ts';
import { sandboxConfig } from './sandbox-config.ts';

export function tellOfChange(pod: Pod, { events }: Pick<PodServices, 'events'>): void {
  const message = 'Pod sandbox changed, it will be killed and re-created.';
  events.event(podReference(pod), 'Normal', 'SandboxChanged', message);
}

/** Nothing runs in the old one any more. @throws RuntimeError, HostnameError; the event is told */
export async function replaceSandbox(pod: Pod, attempt: number, services: PodServices): Promise<SandboxRecord> {
  const { runtime, events, node, runtimeClasses } = services;
  for (const old of runtime.sandboxes(uidOf(pod))) await runtime.removeSandbox(old.id);
  try {
    await checkRuntimeClass(pod, runtimeClasses);
    return await runtime.runSandbox(sandboxConfig(pod, attempt, node));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    events.event(podReference(pod), 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${why}`);
    throw error;
  }
}
