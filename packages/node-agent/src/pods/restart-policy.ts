/**
 * Whether a container that has ended starts again: by its own rules and policy first, by its Pod's policy otherwise
 * (upstream: pkg/api/v1/pod/util.go, ContainerShouldRestart; pkg/kubelet/container/helpers.go).
 */
import type { Container, ContainerRestartRule, Pod } from '@regatta/api';
import type { ContainerRecord } from '../runtime/container-runtime.ts';
import { isEphemeral, restartPolicyOf } from './pod-names.ts';

/** Whether a container that ended with this code starts again. */
export function restartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  if (container.restartPolicy !== undefined && matchingRule(container, exitCode) !== undefined) return true;
  const policy = container.restartPolicy ?? restartPolicyOf(pod);
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/** Whether there is an end after which the container starts again. */
export function mayRestart(pod: Pod, container: Container): boolean {
  const policy = container.restartPolicy ?? restartPolicyOf(pod);
  return policy !== 'Never' || (container.restartPolicyRules ?? []).length > 0;
}

/** Whether a container that doesn't run is to be started. Ephemeral containers run once. */
export function shouldRestart(pod: Pod, container: Container, latest: ContainerRecord | undefined): boolean {
  if (latest === undefined) return true;
  if (latest.state !== 'exited') return latest.state === 'created';
  return !isEphemeral(pod, container.name) && restartsAfter(pod, container, latest.exitCode ?? 0);
}

/** Whether an end of this container means that the whole Pod starts again in its place. */
export function restartsAll(container: Container, exitCode: number): boolean {
  return container.restartPolicy !== undefined && matchingRule(container, exitCode)?.action === 'RestartAllContainers';
}

/** Whether some container of the Pod can make all of them start again. */
export function mayRestartAll(pod: Pod): boolean {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].some(({ restartPolicyRules = [] }) =>
    restartPolicyRules.some(({ action }) => action === 'RestartAllContainers'),
  );
}

/** The first rule counts. */
function matchingRule({ restartPolicyRules = [] }: Container, exitCode: number): ContainerRestartRule | undefined {
  return restartPolicyRules.find(({ exitCodes }) => {
    const isListed = exitCodes?.values?.includes(exitCode) ?? false;
    return exitCodes !== undefined && (exitCodes.operator === 'In' ? isListed : !isListed);
  });
}
