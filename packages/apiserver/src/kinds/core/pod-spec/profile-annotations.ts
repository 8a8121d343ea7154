/**
 * Seccomp and AppArmor profiles that are told by annotation and by field must agree (upstream:
 * validateSeccompAnnotationsAndFields, validateAppArmorAnnotationsAndFieldsMatchOnCreate of
 * pkg/apis/core/validation/validation.go).
 */
import type { AppArmorProfile, PodSpec, SeccompProfile } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import type { Path } from '../../validation/path.ts';
import { APPARMOR } from './annotations.ts';
import { eachContainer } from './each-container.ts';

type Annotations = Readonly<Record<string, string>>;
type Profile = SeccompProfile | AppArmorProfile;

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';

export function checkProfileAnnotations(errors: ErrorList, path: Path, annotations: Annotations, spec: PodSpec): void {
  const at = path.child('securityContext').child('seccompProfile');
  check(errors, at, annotations[SECCOMP_POD], spec.securityContext?.seccompProfile, 'seccomp');
  eachContainer(spec, path, ({ name, securityContext }, container) => {
    const profileAt = container.child('securityContext').child('seccompProfile');
    check(errors, profileAt, annotations[SECCOMP_CONTAINER + name], securityContext?.seccompProfile, 'seccomp');
  });
  if (spec.os?.name === 'windows') return;
  eachContainer(spec, path, ({ name, securityContext }, container) => {
    const profile = securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
    const profileAt = container.child('securityContext').child('appArmorProfile');
    check(errors, profileAt, annotations[APPARMOR + name], profile, 'apparmor');
  });
}

function check(
  errors: ErrorList,
  path: Path,
  annotation: string | undefined,
  profile: Profile | undefined,
  what: 'seccomp' | 'apparmor',
): void {
  if (annotation === undefined || !profile) return;
  const wrongType = (): void => errors.forbidden(path.child('type'), `${what} type in annotation and field must match`);
  switch (profile.type) {
    case 'Unconfined':
      if (annotation !== 'unconfined') wrongType();
      break;
    case 'RuntimeDefault':
      if (annotation !== 'runtime/default' && !(what === 'seccomp' && annotation === 'docker/default')) wrongType();
      break;
    case 'Localhost':
      if (!annotation.startsWith('localhost/')) wrongType();
      else if (annotation.slice('localhost/'.length) !== profile.localhostProfile) {
        errors.forbidden(path.child('localhostProfile'), `${what} profile in annotation and field must match`);
      }
      break;
  }
}
