/**
 * All handlers that the generic verbs don't fit, by path.
 */
import type { Auth } from '../../auth/mod.ts';
import type { ResourceHandler, SpecialHandlers } from '../dispatch.ts';
import { getObject } from '../get.ts';
import { patchObject } from '../patch.ts';
import { type PlanOf, putObject } from '../update.ts';
import { bindPod, postBinding } from './binding.ts';
import { type ComponentProbe, componentStatuses } from './component-statuses.ts';
import { evictPod } from './eviction.ts';
import { approvalPlan, ephemeralContainersPlan, finalizePlan, resizePlan } from './partial-updates.ts';
import { reviewHandlers } from './reviews.ts';

/** GET, PUT and PATCH of a subresource that shows the whole object. */
function partial(plan: PlanOf): ResourceHandler {
  return (env, call, resource) => {
    if (call.info.verb === 'get') return getObject(env, call, resource);
    return call.info.verb === 'patch' ? patchObject(env, call, resource, plan) : putObject(env, call, resource, plan);
  };
}

/** @param connectors what reaches into nodes and Pods: `/pods/log`, `/pods/exec` … */
export function specialHandlers(
  auth: Auth,
  probes: ReadonlyMap<string, ComponentProbe>,
  connectors: SpecialHandlers = new Map(),
): SpecialHandlers {
  return new Map<string, ResourceHandler>([
    ['/bindings', postBinding],
    ['/pods/binding', bindPod],
    ['/pods/eviction', evictPod],
    ['/pods/ephemeralcontainers', partial(ephemeralContainersPlan)],
    ['/pods/resize', partial(resizePlan)],
    ['/namespaces/finalize', partial(finalizePlan)],
    ['certificates.k8s.io/certificatesigningrequests/approval', partial(approvalPlan)],
    ['/componentstatuses', componentStatuses(probes)],
    ...reviewHandlers(auth),
    ...connectors,
  ]);
}
