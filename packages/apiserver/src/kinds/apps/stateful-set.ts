/**
 * StatefulSets (upstream: pkg/registry/apps/statefulset/strategy.go, pkg/apis/apps/validation/validation.go).
 */
import { jsonEqual, type PodTemplateSpec, type StatefulSet, type Volume } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkClaimSpec } from '../core/persistent-volume-claim/spec-rules.ts';
import { checkPodTemplate, checkTemplateMeta } from '../core/pod-spec/template.ts';
import { podWarnings } from '../core/pod-spec/warnings.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { SPEC } from '../validation/path.ts';
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
type StatefulSetSpec = StatefulSet['spec'];

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
  validate({ spec }) {
    const errors = new ErrorList();
    checkSpec(errors, spec);
    return errors.errors;
  },
  validateUpdate({ spec }, { spec: before }) {
    const errors = new ErrorList();
    checkSpec(errors, spec, { isTemplateOpen: isSound(before) });
    const open = Object.fromEntries(OPEN_FIELDS.map((field) => [field, before[field]]));
    if (!jsonEqual({ ...spec, ...open }, before)) errors.forbidden(SPEC, CLOSED);
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

interface Update {
  /** False when the template was stored before today's rules. */
  readonly isTemplateOpen: boolean;
}

/** @param update what holds of an update: what can't change any more isn't looked at again */
function checkSpec(errors: ErrorList, spec: StatefulSetSpec, update?: Update): void {
  checkPolicies(errors, spec);
  if (!update) {
    eachItem(spec.volumeClaimTemplates, SPEC.child('volumeClaimTemplates'), (claim, at) =>
      checkClaimSpec(errors, at.child('spec'), claim.spec ?? {}),
    );
  }
  checkNotNegative(errors, SPEC.child('replicas'), spec.replicas);
  checkNotNegative(errors, SPEC.child('minReadySeconds'), spec.minReadySeconds);
  checkNotNegative(errors, SPEC.child('ordinals.start'), spec.ordinals?.start);
  if (!update && spec.serviceName) checkDnsLabel(errors, SPEC.child('serviceName'), spec.serviceName);
  const what = { empty: 'empty selector is invalid for statefulset', wrong: '' };
  checkSelectorAndTemplate(errors, spec, what, (list, at, template) => {
    const made = asMade(spec, template);
    if (update?.isTemplateOpen ?? true) checkPodTemplate(list, at, made);
    checkTemplateMeta(list, at, made);
  });
  checkAlwaysRunning(errors, SPEC.child('template'), spec.template, 'StatefulSet');
}

function isSound(spec: StatefulSetSpec): boolean {
  const errors = new ErrorList();
  checkSpec(errors, spec, { isTemplateOpen: true });
  return errors.length === 0;
}

/** The template of the Pods that will be: they are named by the controller, and have their claims among the volumes. */
function asMade({ volumeClaimTemplates: claims = [] }: StatefulSetSpec, template: PodTemplateSpec): PodTemplateSpec {
  const { hostname, subdomain, ...spec } = template.spec ?? { containers: [] };
  if (claims.length === 0) return { ...template, spec };
  const volumes = new Map<string, Volume>();
  for (const { metadata } of claims) {
    const name = metadata.name ?? '';
    volumes.set(name, { name, persistentVolumeClaim: { claimName: name } });
  }
  const others = (spec.volumes ?? []).filter(({ name }) => !volumes.has(name));
  return { ...template, spec: { ...spec, volumes: [...volumes.values(), ...others] } };
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
      if (rolling) errors.invalid(at, internalRolling(rolling), "only allowed for updateStrategy 'RollingUpdate'");
      return;
    case 'RollingUpdate':
      checkNotNegative(errors, at.child('partition'), rolling?.partition);
      return;
    default: {
      const value = { Type: strategy?.type ?? '', RollingUpdate: rolling ? internalRolling(rolling) : null };
      if (!strategy?.type) errors.required(UPDATE_STRATEGY);
      else errors.invalid(UPDATE_STRATEGY, value, "must be 'RollingUpdate' or 'OnDelete'");
    }
  }
}

/** Without maxUnavailable, which defaulting takes away. */
function internalRolling({ partition = 0 }: { readonly partition?: number }): object {
  return { Partition: partition, MaxUnavailable: null };
}
