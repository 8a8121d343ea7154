/**
 * StatefulSets (upstream: pkg/registry/apps/statefulset/strategy.go, pkg/apis/apps/validation/validation.go).
 */
import {
  jsonEqual,
  type PersistentVolumeClaim,
  type PodTemplateSpec,
  type StatefulSet,
  type Volume,
} from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkClaimSpec } from '../core/persistent-volume-claim/spec-rules.ts';
import { checkPodTemplate } from '../core/pod-spec/template.ts';
import { podWarnings } from '../core/pod-spec/warnings.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { type Path, SPEC } from '../validation/path.ts';
import { checkDnsLabel, checkNotNegative } from '../validation/rules.ts';
import { defaultStatefulSet } from './defaults.ts';
import { scaleOf } from './scale.ts';
import { checkAlwaysRunning, checkCollisions, checkCounts, checkSelectorAndTemplate } from './workload-rules.ts';

const COUNTERS = [
  'replicas',
  'readyReplicas',
  'currentReplicas',
  'updatedReplicas',
  'availableReplicas',
  'observedGeneration',
  'collisionCount',
];
const WHOLE = 'cannot be greater than status.replicas';
const RETENTION = ['Retain', 'Delete'];
const UPDATE_STRATEGY = SPEC.child('updateStrategy');
const OPEN_FIELDS = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;
const CLOSED = `updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden`;

export const statefulSetStrategy: Strategy<StatefulSet> = {
  tracksGeneration: true,
  nameRule: 'dns-label',
  applyDefaults: defaultStatefulSet,
  validate: (set) => validateStatefulSet(set).errors,
  validateUpdate(set, old) {
    const errors = validateStatefulSet(set);
    const open = Object.fromEntries(OPEN_FIELDS.map((field) => [field, old.spec[field]]));
    if (!jsonEqual({ ...set.spec, ...open }, old.spec)) errors.forbidden(SPEC, CLOSED);
    return errors.errors;
  },
  validateStatusUpdate(set, old) {
    const errors = new ErrorList();
    checkCounts(errors, set.status, COUNTERS, [
      ['readyReplicas', 'replicas', WHOLE],
      ['currentReplicas', 'replicas', WHOLE],
      ['updatedReplicas', 'replicas', WHOLE],
      ['availableReplicas', 'replicas', WHOLE],
      ['availableReplicas', 'readyReplicas', 'cannot be greater than status.readyReplicas'],
    ]);
    checkCollisions(errors, set, old);
    return errors.errors;
  },
  warnings({ spec: { template } }, old) {
    if (old && jsonEqual(template, old.spec.template)) return [];
    return podWarnings(SPEC.child('template'), template.spec ?? { containers: [] }, template.metadata, true);
  },
  scale: scaleOf<StatefulSet>(),
};

function validateStatefulSet({ spec }: StatefulSet): ErrorList {
  const errors = new ErrorList();
  checkPolicies(errors, spec);
  checkNotNegative(errors, SPEC.child('replicas'), spec.replicas);
  checkNotNegative(errors, SPEC.child('minReadySeconds'), spec.minReadySeconds);
  checkNotNegative(errors, SPEC.child('ordinals.start'), spec.ordinals?.start);
  if (spec.serviceName) checkDnsLabel(errors, SPEC.child('serviceName'), spec.serviceName);
  eachItem(spec.volumeClaimTemplates, SPEC.child('volumeClaimTemplates'), (claim, at) =>
    checkClaimSpec(errors, at.child('spec'), claim.spec ?? {}),
  );
  const what = { empty: 'empty selector is invalid for statefulset', wrong: '' };
  checkSelectorAndTemplate(errors, spec, what, (list, at, template) =>
    checkTemplate(list, at, template, spec.volumeClaimTemplates ?? []),
  );
  checkNotNegative(errors, SPEC.child('revisionHistoryLimit'), spec.revisionHistoryLimit);
  return errors;
}

/** The claims of each Pod are among its volumes by the time it exists. */
function checkTemplate(
  errors: ErrorList,
  path: Path,
  template: PodTemplateSpec,
  claims: readonly PersistentVolumeClaim[],
): void {
  const spec = template.spec ?? { containers: [] };
  const own = new Set(claims.map(({ metadata }) => metadata.name));
  const volumes: Volume[] = claims.map(({ metadata: { name = '' } }) => ({
    name,
    persistentVolumeClaim: { claimName: name },
  }));
  const others = (spec.volumes ?? []).filter(({ name }) => !own.has(name));
  checkPodTemplate(errors, path, { ...template, spec: { ...spec, volumes: [...volumes, ...others] } });
  checkAlwaysRunning(errors, path, template, 'StatefulSet');
}

function checkPolicies(errors: ErrorList, spec: StatefulSet['spec']): void {
  const management = SPEC.child('podManagementPolicy');
  if (!spec.podManagementPolicy) errors.required(management);
  else if (spec.podManagementPolicy !== 'OrderedReady' && spec.podManagementPolicy !== 'Parallel') {
    errors.invalid(management, spec.podManagementPolicy, "must be 'OrderedReady' or 'Parallel'");
  }
  checkUpdateStrategy(errors, spec.updateStrategy);
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const policy = spec.persistentVolumeClaimRetentionPolicy?.[field] ?? 'Retain';
    const at = SPEC.child('persistentVolumeClaimRetentionPolicy').child(field);
    if (!RETENTION.includes(policy)) errors.notSupported(at, policy, RETENTION);
  }
}

function checkUpdateStrategy(errors: ErrorList, strategy: StatefulSet['spec']['updateStrategy']): void {
  const rolling = strategy?.rollingUpdate;
  const at = UPDATE_STRATEGY.child('rollingUpdate');
  switch (strategy?.type) {
    case 'OnDelete':
      if (rolling) errors.invalid(at, rolling, "only allowed for updateStrategy 'RollingUpdate'");
      return;
    case 'RollingUpdate':
      checkNotNegative(errors, at.child('partition'), rolling?.partition);
      return;
    default: {
      const internal = rolling ? { Partition: rolling.partition ?? 0, MaxUnavailable: null } : null;
      const value = { Type: strategy?.type ?? '', RollingUpdate: internal };
      if (!strategy?.type) errors.required(UPDATE_STRATEGY);
      else errors.invalid(UPDATE_STRATEGY, value, "must be 'RollingUpdate' or 'OnDelete'");
    }
  }
}
