/**
 * Annotations that mean something for a Pod (upstream: ValidatePodSpecificAnnotations of
 * pkg/apis/core/validation/validation.go).
 */
import type { Pod, PodSpec } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { eachEntry, type Maybe } from '../../validation/lists.ts';
import { ANNOTATIONS, type Path, SPEC } from '../../validation/path.ts';
import { eachContainer } from './each-container.ts';
import { checkDescendingPath } from './paths.ts';

type Annotations = Maybe<Readonly<Record<string, string>>>;

export const MIRROR = 'kubernetes.io/config.mirror';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
export const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const MAX_INT32 = 2_147_483_647;

export function checkPodAnnotations(
  errors: ErrorList,
  path: Path,
  annotations: Annotations,
  spec: PodSpec,
  specPath: Path,
): void {
  if (!annotations) return;
  const mirror = annotations[MIRROR];
  if (mirror !== undefined && !spec.nodeName) {
    errors.invalid(path.key(MIRROR), mirror, 'must set spec.nodeName if mirror pod annotation is set');
  }
  const cost = annotations[DELETION_COST];
  if (cost !== undefined && !isInt32(cost)) errors.invalid(path.key(DELETION_COST), cost, 'must be a 32bit integer');
  checkSeccomp(errors, path, annotations);
  checkAppArmor(errors, path, annotations, spec, specPath);
}

/** Without leading zeros or a plus sign, as upstream reads it. */
function isInt32(text: string): boolean {
  return /^(0|-?[1-9][0-9]*)$/.test(text) && Math.abs(Number(text)) <= MAX_INT32;
}

function checkSeccomp(errors: ErrorList, path: Path, annotations: Readonly<Record<string, string>>): void {
  const check = (key: string, profile: string): void => {
    if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return;
    if (profile.startsWith('localhost/'))
      checkDescendingPath(errors, path.child(key), profile.slice('localhost/'.length));
    else errors.invalid(path.child(key), profile, 'must be a valid seccomp profile');
  };
  const ofPod = annotations[SECCOMP_POD];
  if (ofPod !== undefined) check(SECCOMP_POD, ofPod);
  eachEntry(annotations, (key, profile) => {
    if (key.startsWith(SECCOMP_CONTAINER)) check(key, profile);
  });
}

function checkAppArmor(
  errors: ErrorList,
  path: Path,
  annotations: Readonly<Record<string, string>>,
  spec: PodSpec,
  specPath: Path,
): void {
  eachEntry(annotations, (key, profile) => {
    if (!key.startsWith(APPARMOR)) return;
    const name = key.slice(APPARMOR.length);
    let found = false;
    eachContainer(spec, specPath, (container) => {
      found ||= container.name === name;
    });
    if (!found) errors.invalid(path.key(key), name, 'container not found');
    if (profile !== '' && !/^(runtime\/default$|unconfined$|localhost\/)/.test(profile)) {
      errors.invalid(path.key(key), profile, `invalid AppArmor profile name: "${profile}"`);
    }
  });
}

/** Annotations that stay as they were made, beside the rules of all of them. */
export function checkPodAnnotationsChange(errors: ErrorList, { metadata, spec }: Pod, before: Pod): void {
  const [now, old] = [metadata.annotations, before.metadata.annotations];
  eachEntry(old, (key, value) => {
    if (now?.[key] === value) return;
    if (key.startsWith(APPARMOR))
      errors.forbidden(ANNOTATIONS.key(key), 'may not remove or update AppArmor annotations');
    if (key === MIRROR) errors.forbidden(ANNOTATIONS.key(key), 'may not remove or update mirror pod annotation');
  });
  eachEntry(now, (key) => {
    if (old?.[key] !== undefined) return;
    if (key.startsWith(APPARMOR)) errors.forbidden(ANNOTATIONS.key(key), 'may not add AppArmor annotations');
    if (key === MIRROR) errors.forbidden(ANNOTATIONS.key(key), 'may not add mirror pod annotation');
  });
  checkPodAnnotations(errors, ANNOTATIONS, now, spec, SPEC);
}
