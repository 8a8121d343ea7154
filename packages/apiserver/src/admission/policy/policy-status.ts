/**
 * Gives ValidatingAdmissionPolicies their status: which generation was type-checked, and what was found
 * (upstream: pkg/controller/validatingadmissionpolicystatus/controller.go).
 *
 * Owns the queue of names; a policy is looked at again after each change, and one at a time.
 */
import type { KubeObject, ValidatingAdmissionPolicy } from '@regatta/api';
import { followObjects } from '../../auth/follow-objects.ts';
import type { ResourceRegistry } from '../../registry/resource-registry.ts';
import { updateObject } from '../../registry/update-object.ts';
import type { Registry } from '../../registry/write-request.ts';
import { VALIDATING_POLICIES } from './validating-policy.ts';

const SYSTEM_USER = { name: 'system:apiserver', groups: ['system:masters'] };

/** Checks policies until the returned function is called, which waits for the one under way. */
export function checkPolicies(registry: Registry, resources: ResourceRegistry): () => Promise<void> {
  const waiting = new Set<string>();
  let working: Promise<void> | undefined;
  let stopped = false;
  const work = async (): Promise<void> => {
    const { expressionWarnings } = await import('./type-checking.ts');
    for (const name of waiting) {
      waiting.delete(name);
      if (stopped) continue;
      const policy = registry.server.get(VALIDATING_POLICIES, '', name);
      if (!policy || isChecked(policy)) continue;
      try {
        await writeStatus(registry, resources, policy, expressionWarnings(policy, resources));
      } catch (error) {
        // Whoever wrote in between, or deleted it, has this policy looked at again.
        registry.server.logger.debug('the status of a policy was not written', { name, error });
      }
    }
    working = undefined;
  };
  const unfollow = followObjects(registry.server.storage, VALIDATING_POLICIES, {
    set: (policy) => {
      if (stopped || isChecked(policy)) return;
      waiting.add(policy.metadata.name);
      working ??= work();
    },
    remove: ({ metadata }) => void waiting.delete(metadata.name),
  });
  return async () => {
    stopped = true;
    unfollow();
    await working;
  };
}

function isChecked({ metadata, status }: ValidatingAdmissionPolicy): boolean {
  return status?.observedGeneration === metadata.generation;
}

async function writeStatus(
  registry: Registry,
  resources: ResourceRegistry,
  policy: ValidatingAdmissionPolicy,
  warnings: NonNullable<NonNullable<ValidatingAdmissionPolicy['status']>['typeChecking']>['expressionWarnings'],
): Promise<void> {
  const resource = resources.get('admissionregistration.k8s.io', 'v1', VALIDATING_POLICIES.resource);
  if (!resource) return;
  const typeChecking = warnings?.length ? { expressionWarnings: warnings } : {};
  const { generation } = policy.metadata;
  const status = {
    ...policy.status,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    typeChecking,
  };
  const next = (): KubeObject => structuredClone({ ...policy, status }) as KubeObject;
  const request = {
    resource,
    namespace: '',
    name: policy.metadata.name,
    subresource: 'status',
    user: SYSTEM_USER,
    userAgent: 'kube-controller-manager',
    dryRun: false,
    fieldManager: '',
    warn: () => {},
  };
  await updateObject(registry, request, {
    part: 'custom',
    mayCreate: false,
    keepsGeneration: true,
    admitted: true,
    next,
  });
}
