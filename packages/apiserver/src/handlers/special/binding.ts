/**
 * Bindings: how a scheduler gives a Pod its node (upstream: BindingREST of pkg/registry/core/pod/storage/storage.go).
 * Served as pods/binding and, for old schedulers, as a POST to bindings.
 */
import {
  type Binding,
  FieldPath,
  fieldErrors,
  formatFieldError,
  isValidPathSegmentName,
  type Pod,
  type PodCondition,
  statusErrors,
} from '@regatta/api';
import type { Resource } from '../../registry/resource.ts';
import { updateObject } from '../../registry/update-object.ts';
import { timestamp } from '../../registry/write-request.ts';
import type { ApiCall } from '../../server/api-call.ts';
import type { ServerResponse } from '../../server/exchange.ts';
import { type HandlerEnvironment, writeRequest } from '../environment.ts';
import { admitCreate, answer, readCreate, SUCCESS } from './create-only.ts';

const TARGET = { group: '', version: 'v1', kind: 'Binding' } as const;
const PATH = FieldPath.root('target');
const PODS_BINDING = { group: '', resource: 'pods/binding' } as const;

/** POST …/pods/NAME/binding */
export async function bindPod(env: HandlerEnvironment, call: ApiCall, pods: Resource): Promise<ServerResponse> {
  const { object, options, negotiated } = await readCreate<Binding>(env, call, TARGET);
  await admitCreate(env, call, pods, object, options);
  await bind(env, call, pods, object, call.info.name, options.dryRun);
  return answer(negotiated, SUCCESS);
}

/** POST …/bindings */
export async function postBinding(env: HandlerEnvironment, call: ApiCall): Promise<ServerResponse> {
  const { object, options, negotiated } = await readCreate<Binding>(env, call, TARGET);
  const pods = env.resources.get('', 'v1', 'pods');
  if (!pods) throw statusErrors.genericNotFound();
  await bind(env, call, pods, object, object.metadata.name ?? '', options.dryRun);
  return answer(negotiated, SUCCESS);
}

async function bind(
  env: HandlerEnvironment,
  call: ApiCall,
  pods: Resource,
  binding: Binding,
  name: string,
  dryRun: boolean,
): Promise<void> {
  if ((binding.metadata.name ?? '') !== name) {
    throw statusErrors.badRequest('name in URL does not match name in Binding object');
  }
  validate(binding);
  checkName(name);
  const now = timestamp(env.registry.server.clock.now());
  await updateObject(
    env.registry,
    { ...writeRequest(call, pods, name, { dryRun }), subresource: 'binding' },
    {
      part: 'custom',
      mayCreate: false,
      admitted: true,
      keepsGeneration: true,
      next: (current) => {
        if (!current) throw statusErrors.notFound(pods, name);
        return bound(current as Pod, binding, now);
      },
    },
  );
}

/** Upstream gives these errors no status of their own. */
function validate({ target }: Binding): void {
  const { kind = '', name = '' } = target ?? {};
  const errors: string[] = [];
  if (kind !== '' && kind !== 'Node') {
    errors.push(formatFieldError(fieldErrors.notSupported(PATH.child('kind'), kind, ['Node', '<empty>'])));
  }
  if (name === '') errors.push(formatFieldError(fieldErrors.required(PATH.child('name'), '')));
  if (errors.length > 0) throw statusErrors.unknown(errors.length > 1 ? `[${errors.join(', ')}]` : (errors[0] ?? ''));
}

/** A POST to bindings names its Pod as it likes. */
function checkName(name: string): void {
  if (name === '') throw statusErrors.badRequest('Name parameter required.');
  const problems = isValidPathSegmentName(name);
  if (problems.length === 0) return;
  throw statusErrors.badRequest(`Name parameter invalid: ${JSON.stringify(name)}: ${problems.join(';')}`);
}

function bound(pod: Pod, binding: Binding, now: string): Pod {
  const { name, uid, deletionTimestamp } = pod.metadata;
  const { uid: wantedUid, resourceVersion } = binding.metadata;
  const refuse = (why: string): Error => statusErrors.conflict(PODS_BINDING, name, why);
  if (wantedUid && wantedUid !== uid) {
    throw refuse(`Precondition failed: UID in precondition: ${wantedUid}, UID in object meta: ${uid ?? ''}`);
  }
  if (resourceVersion && resourceVersion !== pod.metadata.resourceVersion) {
    throw refuse(
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${pod.metadata.resourceVersion ?? ''}`,
    );
  }
  if (deletionTimestamp !== undefined) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName) throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
  if (pod.spec.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...merged('annotations', pod.metadata.annotations, binding.metadata.annotations),
      ...merged('labels', pod.metadata.labels, binding.metadata.labels),
    },
    spec: { ...pod.spec, nodeName: binding.target.name ?? '' },
    status: {
      ...nominationDone(pod.status),
      conditions: scheduledConditions(pod.status?.conditions ?? [], now),
    },
  };
}

/** A Pod that has its node waits for no other one any more. */
function nominationDone({ nominatedNodeName: _done, ...status }: NonNullable<Pod['status']> = {}): Pod['status'] {
  return status;
}

function merged(
  field: 'annotations' | 'labels',
  old: Record<string, string> | undefined,
  more: Record<string, string> | undefined,
): Partial<Record<'annotations' | 'labels', Record<string, string>>> {
  return more && Object.keys(more).length > 0 ? { [field]: { ...old, ...more } } : {};
}

/** PodScheduled=True, in the place of what stood there. */
function scheduledConditions(old: readonly PodCondition[], now: string): PodCondition[] {
  // Go writes a time that was never set as null; the generated types don't know that.
  const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now } as object;
  const at = old.findIndex((condition) => condition.type === 'PodScheduled');
  const conditions = at < 0 ? [...old, scheduled] : old.with(at, scheduled as PodCondition);
  return conditions as PodCondition[];
}
