/**
 * What of the resources that a Pod asks for its node has given it, and how far a resize has come
 * (upstream: pkg/kubelet/allocation/allocation_manager.go and pkg/kubelet/status/status_manager.go, SetPodResize*).
 *
 * Invariants: what a Pod asked for when it came is given; a resize is given whole or not at all; the Pod runs with what
 * was given until then. What was given is not kept over a power loss: a machine that boots takes the Pod as it is then.
 */
import { type Container, jsonEqual, type Pod, type PodCondition, type ResourceRequirements } from '@regatta/api';
import type { Refusal } from './pod-admission.ts';

/** Deferred: there may be room later. Infeasible: there never will be. */
export type ResizeVerdict = (Refusal & { readonly reason: 'Deferred' | 'Infeasible' }) | undefined;

export interface ResizeEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

interface Given {
  readonly pod: ResourceRequirements | undefined;
  readonly containers: ReadonlyMap<string, ResourceRequirements | undefined>;
}

export class PodAllocation {
  #given: Given;
  #pending: { readonly verdict: Refusal; readonly generation: number | undefined } | undefined;
  /** The generation of the spec that was given what it asks for. */
  #settled: number | undefined;
  #inProgress: { readonly generation: number | undefined; readonly error?: string } | undefined;
  /** What each container instance has been given by the runtime. */
  #actuated: Map<string, ResourceRequirements> | undefined;

  constructor(pod: Pod) {
    this.#given = resourcesOf(pod);
  }

  /** The Pod as it runs here: with what was given. */
  resolve(pod: Pod): Pod {
    if (!this.isPending(pod)) return pod;
    const given = (container: Container): Container => {
      const { resources: _asked, ...rest } = container;
      const resources = this.#given.containers.get(container.name);
      return resources === undefined ? rest : { ...rest, resources };
    };
    const { initContainers, resources: _asked, ...spec } = pod.spec;
    const { pod: resources } = this.#given;
    return {
      ...pod,
      spec: {
        ...spec,
        containers: spec.containers.map(given),
        ...(initContainers ? { initContainers: initContainers.map(given) } : {}),
        ...(resources ? { resources } : {}),
      },
    };
  }

  /** Whether something else is asked for than was given. */
  isPending(pod: Pod): boolean {
    const { generation } = pod.metadata;
    // Most looks are at a spec that was looked at before.
    if (generation !== undefined && generation === this.#settled) return false;
    const asked = resourcesOf(pod);
    const isPending =
      !jsonEqual(asked.pod, this.#given.pod) ||
      asked.containers.size !== this.#given.containers.size ||
      [...asked.containers].some(([name, resources]) => !jsonEqual(resources, this.#given.containers.get(name)));
    if (!isPending) this.#settled = generation;
    return isPending;
  }

  /** Whether it waits for room, or in vain. */
  get isRefused(): boolean {
    return this.#pending !== undefined;
  }

  /** Decides about what is asked for now. @returns what is to be told, once a verdict */
  consider(pod: Pod, verdict: (pod: Pod) => ResizeVerdict): ResizeEvent | undefined {
    if (!this.isPending(pod)) {
      this.#pending = undefined;
      return undefined;
    }
    const { generation } = pod.metadata;
    const refusal = verdict(pod);
    if (refusal === undefined) {
      this.#given = resourcesOf(pod);
      this.#settled = generation;
      this.#pending = undefined;
      this.#inProgress = { generation };
      return { type: 'Normal', reason: 'ResizeStarted', message: `Pod resize started: ${describe(pod)}` };
    }
    const isKnown = this.#pending?.generation === generation && jsonEqual(this.#pending?.verdict, refusal);
    this.#pending = { verdict: refusal, generation };
    if (isKnown) return undefined;
    const { reason, message } = refusal;
    return { type: 'Warning', reason: `Resize${reason}`, message: `Pod resize ${reason}: ${describe(pod, message)}` };
  }

  /** A container runs with these resources. */
  actuated(containerId: string, resources: ResourceRequirements | undefined): void {
    if (resources === undefined) return;
    this.#actuated ??= new Map();
    this.#actuated.set(containerId, resources);
  }

  forget(containerId: string): void {
    this.#actuated?.delete(containerId);
  }

  resourcesOf(containerId: string): ResourceRequirements | undefined {
    return this.#actuated?.get(containerId);
  }

  /** The runtime could not give what was given. @returns what is to be told, once */
  failed(pod: Pod, error: string): ResizeEvent | undefined {
    const before = this.#inProgress;
    // Most of what is said changes from look to look: how much is used.
    const isKnown = before?.error !== undefined;
    this.#inProgress = { generation: before?.generation ?? pod.metadata.generation, error };
    if (isKnown) return undefined;
    return { type: 'Warning', reason: 'ResizeError', message: `Pod resize error: ${describe(pod, error)}` };
  }

  /** Every container has what it was given. @returns what is to be told */
  completed(pod: Pod): ResizeEvent | undefined {
    if (this.#inProgress === undefined) return undefined;
    this.#inProgress = undefined;
    return {
      type: 'Normal',
      reason: 'ResizeCompleted',
      message: `Pod resize completed: ${describe(this.resolve(pod))}`,
    };
  }

  conditions(): Pick<PodCondition, 'type' | 'status' | 'reason' | 'message' | 'observedGeneration'>[] {
    const observed = (generation: number | undefined) =>
      generation === undefined ? {} : { observedGeneration: generation };
    const pending = this.#pending;
    const running = this.#inProgress;
    const errorOf = ({ generation, error }: NonNullable<typeof running>) => ({
      ...(error === undefined ? {} : { reason: 'Error', message: error }),
      ...observed(generation),
    });
    return [
      ...(pending === undefined
        ? []
        : [{ type: 'PodResizePending', status: 'True', ...pending.verdict, ...observed(pending.generation) }]),
      ...(running === undefined ? [] : [{ type: 'PodResizeInProgress', status: 'True', ...errorOf(running) }]),
    ];
  }
}

const NOTHING: Given = { pod: undefined, containers: new Map() };

/** Most Pods ask for nothing: they share one value. */
function resourcesOf({ spec }: Pod): Given {
  const asking = [...(spec.initContainers ?? []), ...spec.containers].filter(
    ({ resources }) => resources !== undefined,
  );
  if (spec.resources === undefined && asking.length === 0) return NOTHING;
  return { pod: spec.resources, containers: new Map(asking.map(({ name, resources }) => [name, resources])) };
}

function describe({ spec, metadata }: Pod, error?: string): string {
  const list = (containers: readonly Container[]): object[] =>
    containers.map(({ name, resources = {} }) => ({ name, resources }));
  return JSON.stringify({
    ...(spec.initContainers?.length ? { initContainers: list(spec.initContainers) } : {}),
    containers: list(spec.containers),
    generation: metadata.generation,
    error,
  });
}
