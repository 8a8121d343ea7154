/**
 * Evictions: deletes of Pods that PodDisruptionBudgets may refuse
 * (upstream: pkg/registry/core/pod/storage/eviction.go).
 */
import {
  type Eviction,
  labelSelectorFrom,
  type Pod,
  type PodDisruptionBudget,
  type Status,
  StatusError,
  statusErrors,
} from '@regatta/api';
import { deleteObject } from '../../registry/delete-object.ts';
import { checkPreconditions, type DeleteOptions, deleteOptionErrors } from '../../registry/delete-options.ts';
import type { Resource } from '../../registry/resource.ts';
import { timestamp } from '../../registry/write-request.ts';
import type { ApiCall } from '../../server/api-call.ts';
import type { ServerResponse } from '../../server/exchange.ts';
import { storageKey } from '../../storage/object-storage.ts';
import { type HandlerEnvironment, writeRequest } from '../environment.ts';
import { dryRunErrors, invalidOptions } from '../query-options.ts';
import { admitCreate, answer, readCreate, SUCCESS } from './create-only.ts';

const TARGET = { group: 'policy', version: 'v1', kind: 'Eviction' } as const;
const BUDGETS = { group: 'policy', resource: 'poddisruptionbudgets' } as const;
/** More Pods on their way out than this mean that the budget's controller does not keep up. */
const MAX_DISRUPTED_PODS = 2000;
const DISRUPTION = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'EvictionByEvictionAPI',
  message: 'Eviction API: evicting',
} as const;

export async function evictPod(env: HandlerEnvironment, call: ApiCall, pods: Resource): Promise<ServerResponse> {
  const { object, options, negotiated } = await readCreate<Eviction>(env, call, TARGET);
  const { name, namespace } = call.info;
  if (object.metadata.name !== name) {
    throw statusErrors.badRequest('name in URL does not match name in Eviction object');
  }
  checkDryRun(options.dryRun, object.deleteOptions?.dryRun ?? []);
  await admitCreate(env, call, pods, object, options);
  const { storage } = env.registry.server;
  const stored = storage.get<Pod>(pods.key(namespace, name));
  if (!stored) throw statusErrors.notFound(pods, name);
  const asked = object.deleteOptions;
  const dryRun = options.dryRun || (asked?.dryRun ?? []).includes('All');
  if (!ignoresBudgets(stored.object)) await askBudget(env, namespace, stored.object, dryRun);
  const deletion: DeleteOptions = {
    dryRun,
    gracePeriodSeconds: asked?.gracePeriodSeconds,
    propagationPolicy: asked?.propagationPolicy,
    orphanDependents: asked?.orphanDependents,
    uid: asked?.preconditions?.uid ?? stored.object.metadata.uid,
    resourceVersion: asked?.preconditions?.resourceVersion,
  };
  const errors = [...deleteOptionErrors(deletion), ...dryRunErrors(asked?.dryRun ?? [])];
  if (errors.length > 0) throw invalidOptions('DeleteOptions', errors);
  const revision = dryRun ? deletion.resourceVersion : await markEvicted(env, call, pods, deletion);
  const request = { ...writeRequest(call, pods, name, { dryRun }), subresource: '' };
  await deleteObject(env.registry, request, { ...deletion, resourceVersion: revision });
  return answer(negotiated, SUCCESS);
}

/** Upstream gives this error no status of its own. */
function checkDryRun(ofRequest: boolean, ofContent: readonly string[]): void {
  if (!ofRequest || ofContent.length === 0 || (ofContent.length === 1 && ofContent[0] === 'All')) return;
  const both = `[All] and [${ofContent.join(' ')}]`;
  throw statusErrors.unknown(`Non-matching dry-run options in request and content: ${both}`);
}

/**
 * Says on the Pod why it goes, before it does: failure policies of Jobs read it.
 * @returns the resourceVersion that the deletion is to find, when one was asked for
 */
async function markEvicted(
  env: HandlerEnvironment,
  call: ApiCall,
  pods: Resource,
  deletion: DeleteOptions,
): Promise<string | undefined> {
  const { storage, clock } = env.registry.server;
  const { name, namespace } = call.info;
  const { stored } = await storage.update<Pod>(pods.key(namespace, name), (current) => {
    if (!current) throw statusErrors.notFound(pods, name);
    checkPreconditions(deletion, current.object, pods.hub.group, pods.hub.kind);
    return withDisruption(current.object, timestamp(clock.now()));
  });
  return deletion.resourceVersion === undefined ? undefined : stored.object.metadata.resourceVersion;
}

function withDisruption(pod: Pod, now: string): Pod {
  const { conditions = [] } = pod.status ?? {};
  const index = conditions.findIndex(({ type }) => type === DISRUPTION.type);
  const old = conditions[index];
  const { generation } = pod.metadata;
  const lastTransitionTime = old?.status === DISRUPTION.status ? old.lastTransitionTime : now;
  const condition = { ...DISRUPTION, lastTransitionTime, ...(generation ? { observedGeneration: generation } : {}) };
  const next = old ? conditions.with(index, { ...old, ...condition }) : [...conditions, condition];
  return { ...pod, status: { ...pod.status, conditions: next } };
}

/** Pods that are over, not begun, or already going disturb nobody. */
function ignoresBudgets(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return (
    phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || pod.metadata.deletionTimestamp !== undefined
  );
}

async function askBudget(env: HandlerEnvironment, namespace: string, pod: Pod, dryRun: boolean): Promise<void> {
  const budgets = matching(env, namespace, pod);
  if (budgets.length > 1) {
    throw statusErrors.internal(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  const [budget] = budgets;
  if (!budget || unhealthyMayGo(budget, pod)) return;
  const { storage, clock } = env.registry.server;
  const now = timestamp(clock.now());
  const key = storageKey(BUDGETS.group, BUDGETS.resource, namespace, budget.metadata.name);
  if (dryRun) {
    spend(budget, pod, now);
    return;
  }
  await storage.update<PodDisruptionBudget>(key, (current) =>
    current ? spend(current.object, pod, now) : 'unchanged',
  );
}

function matching(env: HandlerEnvironment, namespace: string, pod: Pod): PodDisruptionBudget[] {
  const prefix = storageKey(BUDGETS.group, BUDGETS.resource, namespace);
  const result = env.registry.server.storage.list(prefix, {
    matches: (object) => {
      const { selector } = (object as PodDisruptionBudget).spec;
      return selector !== undefined && labelSelectorFrom(selector).matches(pod.metadata.labels);
    },
  });
  if (result instanceof Promise) throw new Error('the newest state is read without waiting');
  return result.items.map((item) => item.object as PodDisruptionBudget);
}

/** A Pod that is not ready takes nothing from the budget (unhealthyPodEvictionPolicy). */
function unhealthyMayGo(budget: PodDisruptionBudget, pod: Pod): boolean {
  const ready = pod.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  if (ready) return false;
  if (budget.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

/** The budget with one disruption less. @throws StatusError 403, 429 */
function spend(budget: PodDisruptionBudget, pod: Pod, now: string): PodDisruptionBudget {
  const { name, generation = 0 } = budget.metadata;
  const { status } = budget;
  const { observedGeneration = 0, disruptionsAllowed = 0, disruptedPods = {} } = status ?? {};
  if (!status || observedGeneration < generation) {
    throw tooMany(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  if (disruptionsAllowed < 0) throw forbidden(name, 'pdb disruptions allowed is negative');
  if (Object.keys(disruptedPods).length > MAX_DISRUPTED_PODS) {
    throw forbidden(name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (disruptionsAllowed === 0) {
    const { desiredHealthy = 0, currentHealthy = 0 } = status;
    throw tooMany(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
      0,
    );
  }
  return {
    ...budget,
    status: {
      ...status,
      disruptionsAllowed: disruptionsAllowed - 1,
      disruptedPods: { ...disruptedPods, [pod.metadata.name]: now },
    },
  };
}

function forbidden(name: string, why: string): StatusError {
  return statusErrors.forbidden(BUDGETS, name, why);
}

function tooMany(cause: string, retryAfterSeconds: number): StatusError {
  const { status } = statusErrors.tooManyRequests(
    "Cannot evict pod as it would violate the pod's disruption budget.",
    retryAfterSeconds,
  );
  const detailed: Status = {
    ...status,
    details: { ...status.details, causes: [{ reason: 'DisruptionBudget', message: cause }] },
  };
  return new StatusError(detailed);
}
