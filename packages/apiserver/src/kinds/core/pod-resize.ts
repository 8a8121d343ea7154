/**
 * pods/resize: what it takes from a request and what it refuses (upstream: podResizeStrategy of
 * pkg/registry/core/pod/strategy.go, ValidatePodResize of pkg/apis/core/validation/validation.go).
 */
import { type Container, jsonEqual, type Pod, type PodSpec, type ResourceRequirements } from '@regatta/api';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { NAMELESS, type Path, SPEC } from '../validation/path.ts';
import { MIRROR } from './pod-spec/annotations.ts';
import { qosClass } from './pod-spec/qos.ts';
import { checkPodAsSuch } from './pod-validation.ts';

const RESIZABLE = ['cpu', 'memory'];
const ONLY = 'only cpu and memory resources';
const RESTARTS = 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized';

/** The Pod as it stands with the resources that are asked for, where its containers are still the same. */
export function withResources(current: Pod, { spec: wanted }: Pod): Pod {
  const { containers: old, initContainers: oldInit = [] } = current.spec;
  const { containers, initContainers: init = [], resources } = wanted;
  if (containers.length !== old.length || init.length !== oldInit.length) return { ...current, spec: wanted };
  const { resources: _resources, ...rest } = current.spec;
  const spec: PodSpec = { ...rest, containers: resized(containers, old) };
  if (init.length > 0) spec.initContainers = resized(init, oldInit);
  if (resources) spec.resources = resources;
  return { ...current, spec };
}

function resized(wanted: readonly Container[], standing: readonly Container[]): Container[] {
  if (wanted.some(({ name }, i) => name !== standing[i]?.name)) return [...wanted];
  return wanted.map(({ name, resources, resizePolicy }, i) => {
    const { resources: _resources, resizePolicy: _policy, ...rest } = standing[i] ?? { name };
    return { ...rest, ...(resources ? { resources } : {}), ...(resizePolicy ? { resizePolicy } : {}) };
  });
}

export function validatePodResize(pod: Pod, old: Pod): ErrorList {
  const never = old.metadata.annotations?.[MIRROR] === undefined ? old.spec.os?.name : 'static';
  if (never === 'static' || never === 'windows') {
    const errors = new ErrorList();
    errors.forbidden(NAMELESS, `${never} pods cannot be resized`);
    return errors;
  }
  const errors = new ErrorList();
  checkPodAsSuch(errors, pod);
  checkTheWhole(errors, pod, old);
  const before = errors.length;
  checkOrder(errors, 'containers', pod.spec, old.spec);
  checkOrder(errors, 'initContainers', pod.spec, old.spec);
  if (errors.length > before) return errors;
  for (const field of ['initContainers', 'containers'] as const) {
    eachItem(old.spec[field], SPEC.child(field), ({ resources }, at, i) =>
      checkRemoved(errors, at.child('resources'), pod.spec[field]?.[i]?.resources, resources, 'resource'),
    );
  }
  checkOthers(errors, pod.spec, old.spec);
  if (errors.length === 0 && !jsonEqual(withoutContainers(pod.spec), withoutContainers(old.spec))) {
    errors.forbidden(SPEC, `${ONLY} are mutable`);
  }
  return errors;
}

function checkTheWhole(errors: ErrorList, { spec, status }: Pod, old: Pod): void {
  if (qosClass(spec) !== (old.status?.qosClass ?? qosClass(old.spec))) {
    errors.invalid(SPEC, status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing');
  }
  const running = old.status?.containerStatuses?.find(({ state }) => state?.running);
  if (running && !running.resources) errors.forbidden(SPEC, 'Pod running on node without support for resize');
  const [now, before] = [spec.resources, old.spec.resources];
  if (!isSet(now) && !isSet(before)) return;
  if (before && !now) {
    errors.forbidden(SPEC.child('resources'), 'pod-level resources cannot be removed');
    return;
  }
  checkRemoved(errors, SPEC.child('resources'), now, before, 'pod-level resource');
  if (!jsonEqual(others(now), others(before))) errors.forbidden(SPEC, `${ONLY} are mutable at pod-level`);
}

function isSet(resources: ResourceRequirements | undefined): boolean {
  return Object.keys({ ...resources?.requests, ...resources?.limits }).length > 0;
}

function checkOrder(errors: ErrorList, field: 'containers' | 'initContainers', now: PodSpec, old: PodSpec): void {
  const at = SPEC.child(field);
  if ((now[field]?.length ?? 0) !== (old[field]?.length ?? 0)) {
    errors.forbidden(at, `${field} may not be added or removed on resize`);
    return;
  }
  eachItem(old[field], at, ({ name }, itemAt, i) => {
    if (now[field]?.[i]?.name === name) return;
    errors.forbidden(itemAt.child('name'), `${field} may not be renamed or reordered on resize`);
  });
}

function checkRemoved(
  errors: ErrorList,
  path: Path,
  now: ResourceRequirements | undefined,
  old: ResourceRequirements | undefined,
  what: string,
): void {
  for (const field of ['requests', 'limits'] as const) {
    const isGone = Object.keys(old?.[field] ?? {}).some((name) => now?.[field]?.[name] === undefined);
    if (isGone) errors.forbidden(path.child(field), `${what} ${field} cannot be removed`);
  }
}

/** What must stay as it is in each container. */
function checkOthers(errors: ErrorList, now: PodSpec, old: PodSpec): void {
  for (const [i, container] of now.containers.entries()) {
    if (isOtherwiseChanged(container, old.containers[i])) errors.forbidden(SPEC, `${ONLY} are mutable`);
  }
  eachItem(now.initContainers, SPEC.child('initContainers'), (container, at, i) => {
    const before = old.initContainers?.[i];
    if (isOtherwiseChanged(container, before)) {
      errors.forbidden(at, `${ONLY} for init or sidecar containers are mutable`);
    }
    if (container.restartPolicy === 'Always' || jsonEqual(container, before)) return;
    for (const { restartPolicy } of container.resizePolicy ?? []) {
      if (restartPolicy === 'RestartContainer') errors.forbidden(at, RESTARTS);
    }
  });
}

/** Claims aren't carried over by upstream: a container that has some counts as changed. */
function isOtherwiseChanged(now: Container, old: Container | undefined): boolean {
  const { resources, ...rest } = now;
  const { resources: before, ...others } = old ?? { name: '' };
  if (before?.claims?.length || !jsonEqual(rest, others)) return true;
  return !jsonEqual(amounts(resources), amounts(before));
}

function others(resources: ResourceRequirements | undefined): unknown {
  return { ...amounts(resources), claims: resources?.claims ?? [] };
}

function amounts(resources: ResourceRequirements | undefined): object {
  const rest = (list: Readonly<Record<string, string>> = {}): unknown =>
    Object.fromEntries(Object.entries(list).filter(([name]) => !RESIZABLE.includes(name)));
  return { requests: rest(resources?.requests), limits: rest(resources?.limits) };
}

function withoutContainers({ containers: _containers, initContainers: _init, resources, ...rest }: PodSpec): unknown {
  return { ...rest, resources: others(resources) };
}
