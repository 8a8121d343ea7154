/**
 * The logins that a Pod's imagePullSecrets hold (upstream: pkg/kubelet/kubelet_pods.go, getPullSecretsForPod).
 */
import type { Pod, Secret } from '@regatta/api';
import type { EventSink, ObjectGetter } from '../api/ports.ts';
import { loginsOf, type RegistryLogin } from '../images/registry-login.ts';
import { podReference } from '../pods/pod-names.ts';

/** Secrets that cannot be had are told by an event: the image may be public. */
export async function pullLogins(
  pod: Pod,
  secrets: ObjectGetter<Secret>,
  events: EventSink,
): Promise<readonly RegistryLogin[]> {
  const logins: RegistryLogin[] = [];
  const missing: string[] = [];
  for (const { name } of pod.spec.imagePullSecrets ?? []) {
    if (!name) continue;
    const secret = await secrets.get(name, pod.metadata.namespace).catch(() => undefined);
    if (secret === undefined) missing.push(name);
    else logins.push(...loginsOf(secret));
  }
  if (missing.length > 0) {
    const message = `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`;
    events.event(podReference(pod), 'Warning', 'FailedToRetrieveImagePullSecret', message);
  }
  return logins;
}
