/**
 * pods/resize: what it takes from a request and what it refuses (upstream: podResizeStrategy of
 * pkg/registry/core/pod/strategy.go, ValidatePodResize of pkg/apis/core/validation/validation.go).
 */
import {
  type Container,
  type FieldError,
  FieldPath,
  fieldErrors,
  jsonEqual,
  type KubeObject,
  type Pod,
  type PodSpec,
  type ResourceRequirements,
} from '@regatta/api';
import { qosClass } from '../../kinds/core/pod-spec/qos.ts';

const SPEC = FieldPath.root('spec');
/** The annotation of a Pod that mirrors one from a file of its node. */
const MIRROR = 'kubernetes.io/config.mirror';
const RESIZABLE = ['cpu', 'memory'];

/** The Pod as it stands with the resources that are asked for; containers in the order of the request. */
export function withResources(current: Pod, wanted: Pod): Pod {
  const { containers, initContainers } = wanted.spec;
  const take = (standing: readonly Container[] | undefined, asked: readonly Container[]): Container[] =>
    asked.map((container) => {
      const old = standing?.find(({ name }) => name === container.name);
      const { resources, resizePolicy } = container;
      if (old === undefined) return container;
      return { ...old, ...(resources ? { resources } : {}), ...(resizePolicy ? { resizePolicy } : {}) };
    });
  const { resources } = wanted.spec;
  const spec: PodSpec = {
    ...current.spec,
    containers: take(current.spec.containers, containers),
    ...(initContainers ? { initContainers: take(current.spec.initContainers, initContainers) } : {}),
    ...(resources ? { resources } : {}),
  };
  return { ...current, spec };
}

export function resizeErrors(object: KubeObject, before: KubeObject): FieldError[] {
  const pod = object as Pod;
  const old = before as Pod;
  if (old.metadata.annotations?.[MIRROR] !== undefined)
    return [fieldErrors.forbidden(FieldPath.root(''), 'static pods cannot be resized')];
  const errors = [
    ...listErrors(SPEC.child('containers'), pod.spec.containers, old.spec.containers),
    ...listErrors(SPEC.child('initContainers'), pod.spec.initContainers ?? [], old.spec.initContainers ?? []),
    ...removals(SPEC.child('resources'), pod.spec.resources, old.spec.resources),
  ];
  const quality = qosClass(old.spec);
  if (qosClass(pod.spec) !== quality)
    errors.push(fieldErrors.invalid(SPEC, quality, 'Pod QOS Class may not change as a result of resizing'));
  if (errors.length === 0 && !jsonEqual(withoutResizable(pod.spec), withoutResizable(old.spec)))
    errors.push(fieldErrors.forbidden(SPEC, 'only cpu and memory resources are mutable'));
  return errors;
}

function listErrors(path: FieldPath, now: readonly Container[], old: readonly Container[]): FieldError[] {
  if (now.length !== old.length)
    return [fieldErrors.forbidden(path, 'containers may not be added or removed on resize')];
  return now.flatMap((container, i) => {
    const at = path.index(i);
    const standing = old[i];
    if (standing?.name !== container.name)
      return [fieldErrors.forbidden(at.child('name'), 'containers may not be renamed or reordered on resize')];
    return removals(at.child('resources'), container.resources, standing.resources);
  });
}

function removals(
  path: FieldPath,
  now: ResourceRequirements | undefined,
  old: ResourceRequirements | undefined,
): FieldError[] {
  return (['requests', 'limits'] as const).flatMap((field) => {
    const isGone = Object.keys(old?.[field] ?? {}).some((name) => now?.[field]?.[name] === undefined);
    return isGone ? [fieldErrors.forbidden(path.child(field), `resource ${field} cannot be removed`)] : [];
  });
}

/** What must stay as it is. */
function withoutResizable(spec: PodSpec): unknown {
  const strip = ({ resources, ...rest }: Container) => ({ ...rest, resources: others(resources) });
  const { resources, containers, initContainers = [], ...rest } = spec;
  return { ...rest, resources: others(resources), containers: containers.map(strip), init: initContainers.map(strip) };
}

function others(resources: ResourceRequirements | undefined): unknown {
  const rest = (list: Readonly<Record<string, string>> = {}): unknown =>
    Object.fromEntries(Object.entries(list).filter(([name]) => !RESIZABLE.includes(name)));
  const { requests, limits, claims = [] } = resources ?? {};
  return { requests: rest(requests), limits: rest(limits), claims };
}
