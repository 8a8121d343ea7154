/**
 * What the level `restricted` asks beyond `baseline`: today's best practice of hardening
 * (upstream: check_*.go of staging/src/k8s.io/pod-security-admission/policy).
 */
import type { Container, Volume } from '@regatta/api';
import { seccompProfile } from './baseline-checks.ts';
import {
  type CheckedPod,
  containersThat,
  distinct,
  eachContainer,
  hasOwnUsers,
  isWindows,
  named,
  plural,
  quoted,
  setters,
  type Violation,
} from './checked-pod.ts';

const VOLUMES = [
  ...(['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected'] as const),
  'secret',
] as const;

type Check = (pod: CheckedPod) => Violation | undefined;

/** Since 1.25 a Windows Pod need not say what only Linux has. */
export function unlessWindows(check: Check): Check {
  return (pod) => (isWindows(pod) ? undefined : check(pod));
}

/** Since 1.35 a Pod with users of its own may be root. */
export function unlessOwnUsers(check: Check): Check {
  return (pod) => (hasOwnUsers(pod) ? undefined : check(pod));
}

export function allowPrivilegeEscalation(pod: CheckedPod): Violation | undefined {
  const bad = containersThat(pod, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  if (bad.length === 0) return undefined;
  const detail = `${named('container', bad)} must set securityContext.allowPrivilegeEscalation=false`;
  return { reason: 'allowPrivilegeEscalation != false', detail };
}

export function droppedCapabilities(pod: CheckedPod): Violation | undefined {
  const keeping = containersThat(
    pod,
    ({ securityContext }) => !(securityContext?.capabilities?.drop ?? []).includes('ALL'),
  );
  const added = ({ securityContext }: Container): string[] =>
    (securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
  const adding = containersThat(pod, (container) => added(container).length > 0);
  const details = [
    ...(keeping.length > 0
      ? [`${named('container', keeping)} must set securityContext.capabilities.drop=["ALL"]`]
      : []),
    ...(adding.length > 0
      ? [
          `${named('container', adding)} must not include ${quoted(distinct(eachContainer(pod).flatMap(added)))} in securityContext.capabilities.add`,
        ]
      : []),
  ];
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
}

export function restrictedVolumes({ spec }: CheckedPod): Violation | undefined {
  const bad = (spec.volumes ?? []).filter((volume) => !VOLUMES.some((source) => volume[source]));
  if (bad.length === 0) return undefined;
  const types = distinct(bad.map(typeOf));
  const names = named(
    'volume',
    bad.map(({ name }) => name),
  );
  const uses = bad.length === 1 ? 'uses' : 'use';
  return {
    reason: 'restricted volume types',
    detail: `${names} ${uses} ${plural('restricted volume type', types.length)} ${quoted(types)}`,
  };
}

/** Upstream has no word for what is newer than this check. */
function typeOf(volume: Volume): string {
  const source = Object.entries(volume).find(([field, value]) => field !== 'name' && value !== undefined)?.[0];
  return source === undefined || source === 'image' ? 'unknown' : source;
}

export function runAsNonRoot(pod: CheckedPod): Violation | undefined {
  const reason = 'runAsNonRoot != true';
  const ofPod = pod.spec.securityContext?.runAsNonRoot;
  const who = setters(
    ofPod === false,
    containersThat(pod, ({ securityContext }) => securityContext?.runAsNonRoot === false),
  );
  if (who) return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` };
  if (ofPod === true) return undefined;
  const silent = containersThat(pod, ({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  if (silent.length === 0) return undefined;
  return { reason, detail: `pod or ${named('container', silent)} must set securityContext.runAsNonRoot=true` };
}

export function runAsUser(pod: CheckedPod): Violation | undefined {
  const who = setters(
    pod.spec.securityContext?.runAsUser === 0,
    containersThat(pod, ({ securityContext }) => securityContext?.runAsUser === 0),
  );
  return who ? { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` } : undefined;
}

export function someSeccompProfile(pod: CheckedPod): Violation | undefined {
  const bad = seccompProfile(pod);
  if (bad || pod.spec.securityContext?.seccompProfile) return bad;
  const silent = containersThat(pod, ({ securityContext }) => securityContext?.seccompProfile === undefined);
  if (silent.length === 0) return undefined;
  return {
    reason: 'seccompProfile',
    detail: `pod or ${named('container', silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
}
