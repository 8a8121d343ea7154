/**
 * Rolls Deployments out (pkg/controller/deployment/deployment_controller.go). Keys are Deployments.
 *
 * A sync makes one step at most and ends by writing the status; what it changed comes back as an event and leads to the
 * next. Not supported: the rollback annotation of extensions/v1beta1; `kubectl rollout undo` copies the template.
 */
import {
  type Deployment,
  isNotFound,
  jsonEqual,
  type KubeObject,
  keyOf,
  labelSelectorFrom,
  type Pod,
  type ReplicaSet,
} from '@regatta/api';
import { type Informer, resources } from '@regatta/client';
import { type ControllerContext, clientFor, recorderFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { BY_CONTROLLER, controllerIndex, orphansOf } from '../ownership/by-controller.ts';
import { claim } from '../ownership/claim.ts';
import { controllerOf, controllerRefTo, isControlledBy, uidOf } from '../ownership/controller-ref.ts';
import { rolloutStatus, untilDeadline } from './deployment-progress.ts';
import { computedStatus, condition, conditionOf, isComplete, Reason, withCondition } from './deployment-status.ts';
import { isScalingEvent, scaleInProportion } from './proportional-scaling.ts';
import { makeRoom } from './recreate.ts';
import { rollForward } from './rolling-update.ts';
import { Rollout, type RolloutWrites } from './rollout.ts';
import { desiredReplicas, replicasOf } from './rollout-sizes.ts';

const WORKERS = 5;

export class DeploymentController extends KeyedController {
  readonly #deployments: Informer<Deployment>;
  readonly #replicaSets: Informer<ReplicaSet>;
  readonly #pods: Informer<Pod>;
  readonly #writes: RolloutWrites;

  constructor(context: ControllerContext) {
    super({ name: 'deployment-controller', context, concurrency: WORKERS });
    const api = clientFor(context, 'deployment-controller');
    this.#writes = {
      deployments: api.resource(resources.deployments),
      replicaSets: api.resource(resources.replicaSets),
      recorder: recorderFor(context, api, 'deployment-controller'),
      clock: context.clusterClock,
    };
    this.#deployments = this.reads(context.informers.for(resources.deployments));
    this.#replicaSets = this.reads(context.informers.for(resources.replicaSets));
    this.#pods = this.reads(context.informers.for(resources.pods));
    context.informers.index(resources.pods, BY_CONTROLLER, controllerIndex);
    context.informers.index(resources.replicaSets, BY_CONTROLLER, controllerIndex);
    const enqueue = (deployment: Deployment): void => this.queue.add(keyOf(deployment));
    this.#deployments.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
    this.#replicaSets.addHandler({
      onAdd: (set) => this.#setAdded(set),
      onUpdate: (set, old) => this.#setUpdated(set, old),
      onDelete: (set) => this.#enqueue(this.#controller(set)),
    });
    this.#pods.addHandler({ onDelete: (pod) => this.#podDeleted(pod) });
  }

  protected async reconcile(key: string): Promise<void> {
    const deployment = this.#deployments.getByKey(key);
    if (!deployment) return;
    if (selectsAll(deployment)) return this.#refuse(deployment);
    const rollout = new Rollout(deployment, await this.#claim(deployment), this.#writes);
    try {
      await this.#sync(rollout);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    const wait = untilDeadline(rollout.deployment, this.context.clusterClock);
    if (wait !== undefined) this.queue.addAfter(key, wait);
  }

  async #sync(rollout: Rollout): Promise<void> {
    const { deployment } = rollout;
    if (deployment.metadata.deletionTimestamp) return this.#writePlainStatus(rollout);
    await notePause(rollout);
    if (deployment.spec.paused || isScalingEvent(rollout)) {
      await rollout.syncRevision();
      await scaleInProportion(rollout);
      if (deployment.spec.paused) await rollout.cleanUp();
      return this.#writePlainStatus(rollout);
    }
    if (deployment.spec.strategy?.type === 'Recreate') await this.#recreate(rollout);
    else await this.#roll(rollout);
    await rollout.writeStatus(rolloutStatus(rollout));
  }

  async #roll(rollout: Rollout): Promise<void> {
    if (rollout.next) await rollout.syncRevision();
    else await rollout.createNext();
    if (await rollForward(rollout)) return;
    if (isComplete(rollout.deployment, rollout.deployment.status ?? {})) await rollout.cleanUp();
  }

  async #recreate(rollout: Rollout): Promise<void> {
    await rollout.syncRevision();
    const oldPods = rollout.old.flatMap((set) => this.#pods.byIndex(BY_CONTROLLER, uidOf(set)));
    if (!(await makeRoom(rollout, oldPods))) return;
    if (!rollout.next) await rollout.createNext();
    const { next, deployment } = rollout;
    const desired = desiredReplicas(deployment);
    if (next && replicasOf(next) !== desired) await rollout.scale(next, desired);
    if (isComplete(deployment, deployment.status ?? {})) await rollout.cleanUp();
  }

  async #writePlainStatus(rollout: Rollout): Promise<void> {
    const { deployment, all, next, now } = rollout;
    await rollout.writeStatus(computedStatus(deployment, all, next, now));
  }

  async #claim(deployment: Deployment): Promise<ReplicaSet[]> {
    const own = this.#replicaSets.byIndex(BY_CONTROLLER, uidOf(deployment));
    const orphans = this.#replicaSets.byIndex(BY_CONTROLLER, orphansOf(deployment.metadata.namespace ?? ''));
    const claimant = {
      owner: deployment,
      reference: controllerRefTo(deployment, resources.deployments),
      selector: labelSelectorFrom(deployment.spec.selector),
      client: this.#writes.replicaSets,
      fresh: () => this.#writes.deployments.get(deployment.metadata.name, deployment.metadata.namespace),
    };
    return claim(claimant, [...own, ...orphans]);
  }

  async #refuse(deployment: Deployment): Promise<void> {
    const message = 'This deployment is selecting all pods. A non-empty selector is required.';
    this.#writes.recorder.event(deployment, 'Warning', 'SelectingAll', message);
    const { generation = 0 } = deployment.metadata;
    if ((deployment.status?.observedGeneration ?? 0) >= generation) return;
    const status = { ...deployment.status, observedGeneration: generation };
    await this.#writes.deployments.updateStatus({ ...deployment, status });
  }

  #setAdded(set: ReplicaSet): void {
    if (controllerOf(set)) this.#enqueue(this.#controller(set));
    else this.#enqueueMatching(set);
  }

  #setUpdated(set: ReplicaSet, old: ReplicaSet): void {
    const before = controllerOf(old);
    const after = controllerOf(set);
    if (before && before.uid !== after?.uid) this.#enqueue(this.#controller(old));
    if (after) this.#enqueue(this.#controller(set));
    else if (before || !jsonEqual(set.metadata.labels, old.metadata.labels)) this.#enqueueMatching(set);
  }

  /** Recreate waits for the last old Pod to be gone, of which no ReplicaSet tells. */
  #podDeleted(pod: Pod): void {
    const owner = controllerOf(pod);
    const set = owner?.kind === 'ReplicaSet' ? this.#replicaSets.get(pod.metadata.namespace, owner.name) : undefined;
    const deployment = set && isControlledBy(pod, set) ? this.#controller(set) : undefined;
    if (deployment?.spec.strategy?.type !== 'Recreate') return;
    const sets = this.#replicaSets.byIndex(BY_CONTROLLER, uidOf(deployment));
    if (sets.every((each) => this.#pods.byIndex(BY_CONTROLLER, uidOf(each)).length === 0)) this.#enqueue(deployment);
  }

  #enqueue(deployment: KubeObject | undefined): void {
    if (deployment) this.queue.add(keyOf(deployment));
  }

  #controller(set: ReplicaSet): Deployment | undefined {
    const owner = controllerOf(set);
    if (owner?.kind !== 'Deployment') return undefined;
    const deployment = this.#deployments.get(set.metadata.namespace, owner.name);
    return deployment && isControlledBy(set, deployment) ? deployment : undefined;
  }

  #enqueueMatching(set: ReplicaSet): void {
    for (const deployment of this.#deployments.list()) {
      if (deployment.metadata.namespace !== set.metadata.namespace || selectsAll(deployment)) continue;
      if (labelSelectorFrom(deployment.spec.selector).matches(set.metadata.labels)) this.queue.add(keyOf(deployment));
    }
  }
}

/** A deadline must not run while a Deployment is paused: pausing and resuming leave their mark on Progressing. */
async function notePause(rollout: Rollout): Promise<void> {
  const { spec, status } = rollout.deployment;
  if (spec.progressDeadlineSeconds === undefined) return;
  const current = conditionOf(status, 'Progressing');
  if (current?.reason === Reason.timedOut) return;
  const noted = current?.reason === Reason.paused;
  if (Boolean(spec.paused) === noted) return;
  const next = spec.paused
    ? condition('Progressing', 'Unknown', Reason.paused, 'Deployment is paused')
    : condition('Progressing', 'Unknown', Reason.resumed, 'Deployment is resumed');
  await rollout.writeStatus(withCondition(status ?? {}, next, rollout.now));
}

function selectsAll({ spec }: Deployment): boolean {
  const { matchLabels = {}, matchExpressions = [] } = spec.selector;
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}
