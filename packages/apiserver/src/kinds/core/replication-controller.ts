/**
 * ReplicationControllers (upstream: pkg/registry/core/replicationcontroller/strategy.go, ValidateReplicationController of
 * pkg/apis/core/validation/validation.go).
 */
import { isDNS1123Label, jsonEqual, type PodTemplateSpec, type ReplicationController } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkCounts, podNameWarning, refuseLabels, runningTemplate, selects } from '../apps/workload-rules.ts';
import { ErrorList } from '../validation/error-list.ts';
import { isEmptyMap } from '../validation/lists.ts';
import { SPEC } from '../validation/path.ts';
import { checkNotNegative } from '../validation/rules.ts';
import { defaultPodTemplate } from './pod-spec/template.ts';
import { podWarnings } from './pod-spec/warnings.ts';

const TEMPLATE = SPEC.child('template');
const COUNTERS = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'];
const WHOLE = 'cannot be greater than status.replicas';
const checkTemplate = runningTemplate('ReplicationController');

export const replicationControllerStrategy: Strategy<ReplicationController> = {
  tracksGeneration: true,
  applyDefaults(controller) {
    const { spec } = controller;
    if (!spec) return;
    spec.replicas ??= 1;
    // The facts tell a default of 0, which Go leaves out again.
    if (spec.minReadySeconds === 0) delete spec.minReadySeconds;
    defaultPodTemplate(spec.template);
    const labels = spec.template?.metadata?.labels;
    if (!labels) return;
    if (isEmptyMap(spec.selector)) spec.selector = { ...labels };
    if (isEmptyMap(controller.metadata.labels)) controller.metadata.labels = { ...labels };
  },
  prepareForCreate(controller) {
    controller.status = { replicas: 0 };
  },
  validate: (controller) => validateController(controller).errors,
  validateUpdate: (controller) => validateController(controller).errors,
  validateStatusUpdate(controller) {
    const errors = new ErrorList();
    checkCounts(errors, controller.status, COUNTERS, [
      ['fullyLabeledReplicas', 'replicas', WHOLE],
      ['readyReplicas', 'replicas', WHOLE],
      ['availableReplicas', 'replicas', WHOLE],
      ['availableReplicas', 'readyReplicas', 'cannot be greater than readyReplicas'],
    ]);
    return errors.errors;
  },
  warnings({ metadata, spec }, old) {
    const template: PodTemplateSpec | undefined = spec.template;
    const ofName = old ? [] : podNameWarning(isDNS1123Label(metadata.name));
    if (!template || (old && jsonEqual(template, old.spec.template))) return ofName;
    return [...ofName, ...podWarnings(TEMPLATE, template.spec ?? { containers: [] }, template.metadata, true)];
  },
  fieldLabels: ['status.replicas'],
  selectableFields: ({ status }) => ({ 'status.replicas': String(status?.replicas ?? 0) }),
  scale: {
    version: 'autoscaling/v1',
    replicas: ({ spec }) => spec.replicas ?? 0,
    setReplicas: ({ spec }, replicas) => {
      spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) =>
      Object.entries(spec.selector ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(','),
  },
};

function validateController({ spec }: ReplicationController): ErrorList {
  const errors = new ErrorList();
  checkNotNegative(errors, SPEC.child('minReadySeconds'), spec.minReadySeconds);
  if (isEmptyMap(spec.selector)) errors.required(SPEC.child('selector'));
  checkNotNegative(errors, SPEC.child('replicas'), spec.replicas);
  const { template } = spec;
  if (!template) {
    errors.required(TEMPLATE);
    return errors;
  }
  const selected =
    isEmptyMap(spec.selector) || selects({ matchLabels: spec.selector ?? {} }, template.metadata?.labels);
  if (!selected) refuseLabels(errors, template);
  checkTemplate(errors, TEMPLATE, template);
  return errors;
}
