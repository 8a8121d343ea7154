/**
 * What has to be done so that a Pod's containers are as its spec asks: a pure function of spec and runtime records
 * (upstream: pkg/kubelet/kuberuntime/kuberuntime_manager.go, computePodActions and computeInitContainerActions).
 */
import type { Container, Pod } from '@regatta/api';
import { containerResources } from '../containers/container-resources.ts';
import type { ContainerRecord, SandboxRecord } from '../runtime/container-runtime.ts';
import { isRestartableInit } from './pod-names.ts';
import { mayRestart, restartsAfter, restartsAll, shouldRestart } from './restart-policy.ts';

/** What probes say of one container instance; undefined when there is no such probe or no result yet. */
export interface ProbeVerdicts {
  readonly liveness?: boolean;
  readonly startup?: boolean;
  readonly readiness?: boolean;
}

export interface PodState {
  readonly sandbox: SandboxRecord | undefined;
  /** The newest instance of each container. */
  latest(name: string): ContainerRecord | undefined;
  verdicts(containerId: string): ProbeVerdicts;
  /** Instances of before the whole Pod was started again in its place. */
  isOutdated(containerId: string): boolean;
}

export interface ContainerToKill {
  readonly record: ContainerRecord;
  readonly container: Container;
  /** For the Killing event. */
  readonly message: string;
  readonly reason: 'liveness' | 'startup' | 'resize' | 'other';
}

/** A container that gets other resources while it runs. */
export interface ContainerToUpdate {
  readonly record: ContainerRecord;
  readonly container: Container;
}

export interface PodActions {
  /** Ends everything that runs: no sandbox, or nothing left to run in it. */
  readonly killPod: boolean;
  readonly createSandbox: boolean;
  /** The sandbox is there but dead: it is made again. */
  readonly sandboxChanged: boolean;
  readonly attempt: number;
  /** Everything is ended at once, and the Pod begins again in the same sandbox. */
  readonly restartAll: boolean;
  readonly ephemeralToStart: readonly Container[];
  readonly initToStart: readonly Container[];
  readonly toStart: readonly Container[];
  readonly toKill: readonly ContainerToKill[];
  readonly toUpdate: readonly ContainerToUpdate[];
}

const NOTHING: PodActions = {
  killPod: false,
  createSandbox: false,
  sandboxChanged: false,
  attempt: 0,
  restartAll: false,
  ephemeralToStart: [],
  initToStart: [],
  toStart: [],
  toKill: [],
  toUpdate: [],
};

export function computePodActions(pod: Pod, state: PodState): PodActions {
  if (state.sandbox?.state !== 'ready') return actionsForNewSandbox(pod, state);
  if (asksForRestartOfAll(pod, state)) return { ...NOTHING, restartAll: true };
  const toUpdate = updates(pod, state);
  // These may start before the Pod is initialized: it may be why somebody looks.
  const ephemeralToStart = (pod.spec.ephemeralContainers ?? []).filter(({ name }) => state.latest(name) === undefined);
  const init = initActions(pod, state);
  if (!init.initialized)
    return { ...NOTHING, toUpdate, ephemeralToStart, initToStart: init.toStart, toKill: init.toKill };
  const main = mainActions(pod, state);
  if (main.kept === 0 && main.toStart.length === 0) return { ...NOTHING, killPod: true, toKill: main.toKill };
  return {
    ...NOTHING,
    toUpdate,
    ephemeralToStart,
    initToStart: init.toStart,
    toStart: main.toStart,
    toKill: [...init.toKill, ...main.toKill],
  };
}

/** Running containers whose resources are to change, and may without a restart. */
function updates(pod: Pod, state: PodState): ContainerToUpdate[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].flatMap((container) => {
    const record = current(state, container.name);
    if (record?.state !== 'running' || resizeOf(container, record) !== 'in place') return [];
    return [{ record, container }];
  });
}

/** How a running container comes to the resources it is to have (upstream: computePodResizeAction). */
function resizeOf(container: Container, { resources = {} }: ContainerRecord): 'restart' | 'in place' | undefined {
  const wanted = containerResources(container.resources);
  const changed = {
    cpu: wanted.cpuRequest !== resources.cpuRequest || wanted.cpuLimit !== resources.cpuLimit,
    memory: wanted.memoryRequest !== resources.memoryRequest || wanted.memoryLimit !== resources.memoryLimit,
  };
  if (!changed.cpu && !changed.memory) return undefined;
  const needsRestart = (container.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === 'RestartContainer' && (resourceName === 'cpu' ? changed.cpu : changed.memory),
  );
  return needsRestart ? 'restart' : 'in place';
}

function asksForRestartOfAll(pod: Pod, state: PodState): boolean {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].some((container) => {
    const record = current(state, container.name);
    return record?.state === 'exited' && restartsAll(container, record.exitCode ?? 0);
  });
}

function actionsForNewSandbox(pod: Pod, state: PodState): PodActions {
  const attempt = state.sandbox === undefined ? 0 : state.sandbox.attempt + 1;
  const base = { ...NOTHING, killPod: true, attempt, sandboxChanged: state.sandbox !== undefined };
  const hasRun = pod.spec.containers.some((container) => state.latest(container.name) !== undefined);
  if (attempt !== 0 && hasRun && !pod.spec.containers.some((container) => mayRestart(pod, container))) return base;
  const toStart = pod.spec.containers.filter((container) =>
    shouldRestart(pod, container, state.latest(container.name)),
  );
  if (toStart.length === 0) return base;
  const [firstInit] = pod.spec.initContainers ?? [];
  // Init containers run again in a new sandbox: what they set up in the network namespace is gone.
  if (firstInit !== undefined) return { ...base, createSandbox: true, initToStart: [firstInit] };
  return { ...base, createSandbox: true, toStart };
}

interface MainActions {
  readonly kept: number;
  readonly toStart: readonly Container[];
  readonly toKill: readonly ContainerToKill[];
}

function mainActions(pod: Pod, state: PodState): MainActions {
  const toStart: Container[] = [];
  const toKill: ContainerToKill[] = [];
  let kept = 0;
  for (const container of pod.spec.containers) {
    const record = current(state, container.name);
    if (record?.state !== 'running') {
      if (shouldRestart(pod, container, upToDate(state, container.name))) toStart.push(container);
      continue;
    }
    const kill = reasonToKill(container, record, state);
    if (kill === undefined) kept++;
    else if (kill.reason === 'resize') {
      toKill.push(kill);
      toStart.push(container);
    } else toKill.push(withRestart(kill, kill.reason === 'other' || mayRestart(pod, container), toStart));
  }
  return { kept, toStart, toKill };
}

/** The newest instance, unless the whole Pod was started again since. */
function upToDate(state: PodState, name: string): ContainerRecord | undefined {
  const record = state.latest(name);
  return record !== undefined && state.isOutdated(record.id) ? undefined : record;
}

/** An instance that belongs to the present sandbox. */
function current(state: PodState, name: string): ContainerRecord | undefined {
  const record = upToDate(state, name);
  return record !== undefined && record.sandboxId === state.sandbox?.id ? record : undefined;
}

function reasonToKill(
  container: Container,
  record: ContainerRecord,
  state: PodState,
  title = 'Container',
): ContainerToKill | undefined {
  const kill = (message: string, reason: ContainerToKill['reason']): ContainerToKill => ({
    record,
    container,
    message,
    reason,
  });
  if (record.specHash !== containerHash(container))
    return kill(`${title} ${container.name} definition changed`, 'other');
  if (resizeOf(container, record) === 'restart')
    return kill(`${title} ${container.name} resize requires restart`, 'resize');
  const verdicts = state.verdicts(record.id);
  if (verdicts.liveness === false) return kill(`${title} ${container.name} failed liveness probe`, 'liveness');
  if (verdicts.startup === false) return kill(`${title} ${container.name} failed startup probe`, 'startup');
  return undefined;
}

function withRestart(kill: ContainerToKill, restart: boolean, toStart: Container[]): ContainerToKill {
  if (!restart) return kill;
  toStart.push(kill.container);
  return { ...kill, message: `${kill.message}, will be restarted` };
}

interface InitActions {
  readonly initialized: boolean;
  readonly toStart: readonly Container[];
  readonly toKill: readonly ContainerToKill[];
}

/**
 * Init containers run one after another; a sidecar only has to have started before the next one may run. What lies
 * before the furthest one that was made was passed once: only its sidecars are looked after, as all are once a main
 * container was made in this sandbox.
 */
function initActions(pod: Pod, state: PodState): InitActions {
  const containers = pod.spec.initContainers ?? [];
  const toStart: Container[] = [];
  const toKill: ContainerToKill[] = [];
  const isPast = pod.spec.containers.some(({ name }) => current(state, name) !== undefined);
  const furthest = containers.findLastIndex(({ name }) => current(state, name) !== undefined);
  const passed = isPast ? containers : containers.slice(0, Math.max(0, furthest));
  for (const sidecar of passed.filter(isRestartableInit)) lookAfterSidecar(sidecar, state, toStart, toKill);
  if (isPast) return { initialized: true, toStart, toKill };
  const last = containers[furthest];
  const step = last === undefined ? 'next' : initStep(pod, last, state);
  if (step === 'again' && last) toStart.push(last);
  if (last && isRestartableInit(last)) lookAfterSidecar(last, state, toStart, toKill);
  const next = step === 'next' ? containers[furthest + 1] : undefined;
  if (next) toStart.push(next);
  return { initialized: step === 'next' && next === undefined, toStart, toKill };
}

/** What follows from the furthest init container that was made. */
function initStep(pod: Pod, container: Container, state: PodState): 'next' | 'wait' | 'again' {
  const record = current(state, container.name);
  if (isRestartableInit(container)) return hasStarted(container, record, state) ? 'next' : 'wait';
  if (record?.state === 'created') return 'again';
  if (record?.state !== 'exited') return 'wait';
  if (record.exitCode === 0) return 'next';
  // One that has failed for good ends the Pod by its phase.
  return restartsAfter(pod, container, record.exitCode ?? 255) ? 'again' : 'wait';
}

function lookAfterSidecar(
  container: Container,
  state: PodState,
  toStart: Container[],
  toKill: ContainerToKill[],
): void {
  const record = current(state, container.name);
  const kill = record?.state === 'running' ? reasonToKill(container, record, state, 'Init container') : undefined;
  if (kill) toKill.push(kill);
  if (kill || record?.state !== 'running') toStart.push(container);
}

function hasStarted(container: Container, record: ContainerRecord | undefined, state: PodState): boolean {
  if (record?.state !== 'running') return false;
  return container.startupProbe === undefined || state.verdicts(record.id).startup === true;
}

/** Changes when the fields do that make a running container another one: its image (upstream: HashContainer). */
export function containerHash(container: Container): string {
  return container.image ?? '';
}
