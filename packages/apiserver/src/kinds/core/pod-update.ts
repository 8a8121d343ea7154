/**
 * What may change of a Pod (upstream: ValidatePodUpdate of pkg/apis/core/validation/validation.go).
 */
import {
  type Container,
  inclusiveRangeMessage,
  jsonEqual,
  type Pod,
  type PodSchedulingGate,
  type PodSpec,
  type Toleration,
} from '@regatta/api';
import { structDiff } from '../internal/struct-diff.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem, type Maybe } from '../validation/lists.ts';
import { type Path, SPEC } from '../validation/path.ts';
import { checkGatedChange, withoutGatedFields } from './pod-gated-update.ts';
import { checkPodAnnotationsChange } from './pod-spec/annotations.ts';
import { checkTolerations } from './pod-spec/scheduling.ts';
import { checkPodAsSuch } from './pod-validation.ts';

const MAX_INT32 = 2_147_483_647;
const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

export function validatePodUpdate(pod: Pod, old: Pod): ErrorList {
  const errors = new ErrorList();
  checkPodAsSuch(errors, pod);
  checkPodAnnotationsChange(errors, pod, old);
  for (const field of ['containers', 'initContainers'] as const) {
    if (!checkImages(errors, SPEC.child(field), pod.spec[field], old.spec[field])) return errors;
  }
  if (!checkDeadline(errors, pod.spec, old.spec)) return errors;
  checkOnlyAdded(errors, SPEC.child('tolerations'), pod.spec.tolerations ?? [], old.spec.tolerations ?? []);
  checkOnlyDeleted(errors, SPEC.child('schedulingGates'), pod.spec.schedulingGates, old.spec.schedulingGates);
  if (jsonEqual(pod.spec, old.spec)) return errors;
  checkTheRest(errors, pod.spec, old.spec);
  return errors;
}

/** @returns false when nothing more can be compared */
function checkImages(
  errors: ErrorList,
  path: Path,
  now: Maybe<readonly Container[]>,
  old: Maybe<readonly Container[]>,
): boolean {
  if ((now?.length ?? 0) !== (old?.length ?? 0)) {
    errors.forbidden(path, 'pod updates may not add or remove containers');
    return false;
  }
  eachItem(now, path, ({ image = '' }, at) => {
    if (image === '') errors.required(at.child('image'));
    if (image.trim().length !== image.length) {
      errors.invalid(at.child('image'), image, 'must not have leading or trailing whitespace');
    }
  });
  return true;
}

function checkDeadline(errors: ErrorList, now: PodSpec, old: PodSpec): boolean {
  const at = SPEC.child('activeDeadlineSeconds');
  const deadline = now.activeDeadlineSeconds;
  const before = old.activeDeadlineSeconds;
  if (deadline === undefined) {
    if (before !== undefined) errors.invalid(at, null, 'must not update from a positive integer to nil value');
    return true;
  }
  if (deadline < 0 || deadline > MAX_INT32) {
    errors.invalid(at, deadline, inclusiveRangeMessage(0, MAX_INT32));
    return false;
  }
  if (before === undefined || deadline <= before) return true;
  errors.invalid(at, deadline, 'must be less than or equal to previous value');
  return false;
}

function checkOnlyAdded(errors: ErrorList, path: Path, now: readonly Toleration[], old: readonly Toleration[]): void {
  const same = (a: Toleration, b: Toleration): boolean =>
    jsonEqual({ ...a, tolerationSeconds: undefined }, { ...b, tolerationSeconds: undefined });
  if (old.some((before) => !now.some((after) => same(before, after)))) {
    errors.forbidden(path, 'existing toleration can not be modified except its tolerationSeconds');
    return;
  }
  checkTolerations(errors, path, now);
}

function checkOnlyDeleted(
  errors: ErrorList,
  path: Path,
  now: Maybe<readonly PodSchedulingGate[]>,
  old: Maybe<readonly PodSchedulingGate[]>,
): void {
  eachItem(now, path, ({ name }, at) => {
    if (old?.some((gate) => gate.name === name)) return;
    errors.forbidden(at.child('name'), `only deletion is allowed, but found new scheduling gate '${name}'`);
  });
}

function checkTheRest(errors: ErrorList, now: PodSpec, old: PodSpec): void {
  const withImages = (containers: readonly Container[], before: Maybe<readonly Container[]>): Container[] =>
    containers.map((container, i) => {
      const image = before?.[i]?.image;
      return image === undefined ? container : { ...container, image };
    });
  let munged: PodSpec = { ...now, containers: withImages(now.containers, old.containers) };
  if (now.initContainers) munged.initContainers = withImages(now.initContainers, old.initContainers);
  keep(munged, old, 'activeDeadlineSeconds');
  keep(munged, old, 'schedulingGates');
  keep(munged, old, 'tolerations');
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && now.terminationGracePeriodSeconds === 1) {
    keep(munged, old, 'terminationGracePeriodSeconds');
  }
  if (old.schedulingGates?.length) {
    checkGatedChange(errors, munged, old);
    munged = withoutGatedFields(munged, old);
  }
  if (jsonEqual(munged, old)) return;
  errors.forbidden(
    SPEC,
    `pod updates may not change fields other than ${UPDATABLE}\n${structDiff('PodSpec', old, munged)}`,
  );
}

function keep(spec: PodSpec, old: PodSpec, field: keyof PodSpec): void {
  const value = old[field];
  if (value === undefined) Reflect.deleteProperty(spec, field);
  else Reflect.set(spec, field, value);
}
