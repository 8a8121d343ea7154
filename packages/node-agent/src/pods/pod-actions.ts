/**
 * What has to be done so that a Pod's containers are as its spec asks: a pure function of spec and runtime records
 * (upstream: pkg/kubelet/kuberuntime/kuberuntime_manager.go, computePodActions and computeInitContainerActions).
 */
import type { Container, Pod } from '@regatta/api';
import type { ContainerRecord, SandboxRecord } from '../runtime/container-runtime.ts';
import { isRestartableInit, restartPolicyOf } from './pod-names.ts';

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
}

export interface ContainerToKill {
  readonly record: ContainerRecord;
  readonly container: Container;
  /** For the Killing event. */
  readonly message: string;
  readonly reason: 'liveness' | 'startup' | 'other';
}

export interface PodActions {
  /** Ends everything that runs: no sandbox, or nothing left to run in it. */
  readonly killPod: boolean;
  readonly createSandbox: boolean;
  /** The sandbox is there but dead: it is made again. */
  readonly sandboxChanged: boolean;
  readonly attempt: number;
  readonly initToStart: readonly Container[];
  readonly toStart: readonly Container[];
  readonly toKill: readonly ContainerToKill[];
}

const NOTHING: PodActions = {
  killPod: false,
  createSandbox: false,
  sandboxChanged: false,
  attempt: 0,
  initToStart: [],
  toStart: [],
  toKill: [],
};

export function computePodActions(pod: Pod, state: PodState): PodActions {
  if (state.sandbox?.state !== 'ready') return actionsForNewSandbox(pod, state);
  const init = initActions(pod, state);
  if (!init.initialized) return { ...NOTHING, initToStart: init.toStart, toKill: init.toKill };
  const main = mainActions(pod, state);
  const nothingLeft = main.kept === 0 && main.toStart.length === 0;
  return {
    ...NOTHING,
    killPod: nothingLeft,
    initToStart: nothingLeft ? [] : init.toStart,
    toStart: main.toStart,
    toKill: [...init.toKill, ...main.toKill],
  };
}

function actionsForNewSandbox(pod: Pod, state: PodState): PodActions {
  const attempt = state.sandbox === undefined ? 0 : state.sandbox.attempt + 1;
  const base = { ...NOTHING, killPod: true, attempt, sandboxChanged: state.sandbox !== undefined };
  const hasRun = pod.spec.containers.some((container) => state.latest(container.name) !== undefined);
  if (restartPolicyOf(pod) === 'Never' && attempt !== 0 && hasRun) return base;
  const toStart = pod.spec.containers.filter((container) =>
    shouldRestart(pod, container, state.latest(container.name)),
  );
  if (toStart.length === 0) return base;
  const [firstInit] = pod.spec.initContainers ?? [];
  // Init containers run again in a new sandbox: what they set up in the network namespace is gone.
  if (firstInit !== undefined) return { ...base, createSandbox: true, initToStart: [firstInit] };
  return { ...base, createSandbox: true, toStart };
}

/** Whether a container that doesn't run is to be started (upstream: pkg/kubelet/container/helpers.go). */
export function shouldRestart(pod: Pod, container: Container, latest: ContainerRecord | undefined): boolean {
  if (latest === undefined) return true;
  if (latest.state === 'running') return false;
  if (latest.state === 'created') return true;
  if (isRestartableInit(container)) return true;
  const policy = restartPolicyOf(pod);
  return policy === 'Always' || (policy === 'OnFailure' && latest.exitCode !== 0);
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
      if (shouldRestart(pod, container, state.latest(container.name))) toStart.push(container);
      continue;
    }
    const kill = reasonToKill(container, record, state);
    if (kill === undefined) kept++;
    else toKill.push(withRestart(kill, restartPolicyOf(pod) !== 'Never' || kill.reason === 'other', toStart));
  }
  return { kept, toStart, toKill };
}

/** An instance that belongs to the present sandbox. */
function current(state: PodState, name: string): ContainerRecord | undefined {
  const record = state.latest(name);
  return record !== undefined && record.sandboxId === state.sandbox?.id ? record : undefined;
}

function reasonToKill(container: Container, record: ContainerRecord, state: PodState): ContainerToKill | undefined {
  const kill = (message: string, reason: ContainerToKill['reason']): ContainerToKill => ({
    record,
    container,
    message,
    reason,
  });
  if (record.specHash !== containerHash(container))
    return kill(`Container ${container.name} definition changed`, 'other');
  const verdicts = state.verdicts(record.id);
  if (verdicts.liveness === false) return kill(`Container ${container.name} failed liveness probe`, 'liveness');
  if (verdicts.startup === false) return kill(`Container ${container.name} failed startup probe`, 'startup');
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
 * Init containers run one after another; a sidecar only has to have started before the next one may run. Once a main
 * container was made in this sandbox, only sidecars are looked after.
 */
function initActions(pod: Pod, state: PodState): InitActions {
  const containers = pod.spec.initContainers ?? [];
  const toStart: Container[] = [];
  const toKill: ContainerToKill[] = [];
  const past = pod.spec.containers.some((container) => current(state, container.name) !== undefined);
  for (const container of containers) {
    const record = current(state, container.name);
    if (isRestartableInit(container)) {
      const kill = record?.state === 'running' ? reasonToKill(container, record, state) : undefined;
      if (kill) toKill.push(withRestart(kill, true, toStart));
      else if (record?.state !== 'running') toStart.push(container);
      if (!past && !hasStarted(container, record, state)) return { initialized: false, toStart, toKill };
      continue;
    }
    if (past || (record?.state === 'exited' && record.exitCode === 0)) continue;
    if (record?.state === 'running') return { initialized: false, toStart, toKill };
    const failed = record?.state === 'exited';
    if (!failed || restartPolicyOf(pod) !== 'Never') toStart.push(container);
    return { initialized: false, toStart, toKill };
  }
  return { initialized: true, toStart, toKill };
}

function hasStarted(container: Container, record: ContainerRecord | undefined, state: PodState): boolean {
  if (record?.state !== 'running') return false;
  return container.startupProbe === undefined || state.verdicts(record.id).startup === true;
}

/** Changes when the fields do that make a running container another one: its image (upstream: HashContainer). */
export function containerHash(container: Container): string {
  return container.image ?? '';
}
