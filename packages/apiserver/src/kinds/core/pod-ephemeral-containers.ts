/**
 * pods/ephemeralcontainers (upstream: podEphemeralContainersStrategy of pkg/registry/core/pod/strategy.go,
 * ValidatePodEphemeralContainersUpdate of pkg/apis/core/validation/validation.go).
 */
import { jsonEqual, type Pod } from '@regatta/api';
import { structDiff } from '../internal/struct-diff.ts';
import { ErrorList } from '../validation/error-list.ts';
import { NAMELESS, SPEC } from '../validation/path.ts';
import { checkPodAnnotationsChange, MIRROR } from './pod-spec/annotations.ts';
import { checkPodAsSuch } from './pod-validation.ts';

const EPHEMERAL = SPEC.child('ephemeralContainers');

export function withEphemeralContainers(current: Pod, wanted: Pod): Pod {
  const { ephemeralContainers } = wanted.spec;
  const { ephemeralContainers: _old, ...spec } = current.spec;
  return { ...current, spec: { ...spec, ...(ephemeralContainers ? { ephemeralContainers } : {}) } };
}

export function validateEphemeralContainers(pod: Pod, old: Pod): ErrorList {
  const errors = new ErrorList();
  if (old.metadata.annotations?.[MIRROR] !== undefined) {
    errors.forbidden(NAMELESS, 'static pods do not support ephemeral containers');
    return errors;
  }
  checkPodAsSuch(errors, pod);
  checkPodAnnotationsChange(errors, pod, old);
  const wanted = new Map(pod.spec.ephemeralContainers?.map((container) => [container.name, container]));
  for (const container of old.spec.ephemeralContainers ?? []) {
    const now = wanted.get(container.name);
    const who = `existing ephemeral containers ${JSON.stringify(container.name)}`;
    if (!now) errors.forbidden(EPHEMERAL, `${who} may not be removed\n`);
    else if (!jsonEqual(now, container)) {
      errors.forbidden(EPHEMERAL, `${who} may not be changed\n${structDiff('EphemeralContainer', container, now)}`);
    }
  }
  return errors;
}
