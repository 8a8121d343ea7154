/**
 * Workloads, PodGroups and how they are scheduled (upstream: ValidateWorkload, ValidatePodGroup of
 * pkg/apis/scheduling/validation/validation.go and the declarative rules of staging/src/k8s.io/api/scheduling).
 */
import {
  isDNS1123Subdomain,
  isValidPathSegmentName,
  jsonEqual,
  type PodGroup,
  type PodGroupSchedulingPolicy,
  type PodGroupTemplate,
  type SchedulingV1alpha2TypedLocalObjectReference,
  type Workload,
} from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { internalForm, internalForms } from '../internal/internal-form.ts';
import { checkConditions } from '../validation/conditions.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { type Path, SPEC, STATUS } from '../validation/path.ts';
import { checkDnsLabel, IMMUTABLE, NOT_POSITIVE } from '../validation/rules.ts';

const MAX_TEMPLATES = 8;
const TEMPLATES = SPEC.child('podGroupTemplates');
const CONTROLLER = SPEC.child('controllerRef');
const TYPES = 'io.k8s.api.scheduling.v1alpha2';

export const workloadStrategy: Strategy<Workload> = {
  validate({ spec }) {
    const errors = new ErrorList();
    if (spec?.controllerRef) checkController(errors, spec.controllerRef);
    if (checkTemplateCount(errors, spec?.podGroupTemplates)) checkTemplates(errors, spec?.podGroupTemplates);
    return errors.errors;
  },
  validateUpdate({ spec }, old) {
    const errors = new ErrorList();
    const { controllerRef: before, podGroupTemplates } = old.spec;
    if (!before && spec?.controllerRef) checkController(errors, spec.controllerRef);
    else if (!jsonEqual(spec?.controllerRef, before)) {
      const shown = internalForm(`${TYPES}.TypedLocalObjectReference`, spec?.controllerRef);
      errors.invalid(CONTROLLER, spec?.controllerRef ? shown : null, IMMUTABLE);
    }
    if (!jsonEqual(spec?.podGroupTemplates ?? [], podGroupTemplates ?? [])) {
      errors.invalid(TEMPLATES, internalForms(`${TYPES}.PodGroupTemplate`, spec?.podGroupTemplates), IMMUTABLE);
    }
    checkTemplateCount(errors, spec?.podGroupTemplates);
    return errors.errors;
  },
};

export const podGroupStrategy: Strategy<PodGroup> = {
  validate({ spec }) {
    const errors = new ErrorList();
    checkPolicy(errors, SPEC.child('schedulingPolicy'), spec?.schedulingPolicy);
    return errors.errors;
  },
  validateUpdate({ spec }, old) {
    const errors = new ErrorList();
    if (!jsonEqual(spec, old.spec)) errors.invalid(SPEC, internalForm(`${TYPES}.PodGroupSpec`, spec), IMMUTABLE);
    return errors.errors;
  },
  validateStatusUpdate({ status }) {
    const errors = new ErrorList();
    checkConditions(errors, STATUS.child('conditions'), status?.conditions);
    return errors.errors;
  },
};

function checkController(errors: ErrorList, reference: SchedulingV1alpha2TypedLocalObjectReference): void {
  const { apiGroup } = reference;
  if (apiGroup) errors.invalidEach(CONTROLLER.child('apiGroup'), apiGroup, isDNS1123Subdomain(apiGroup));
  for (const name of ['kind', 'name'] as const) {
    const value = reference[name];
    if (!value) errors.required(CONTROLLER.child(name));
    else errors.invalidEach(CONTROLLER.child(name), value, isValidPathSegmentName(value));
  }
}

function checkTemplateCount(errors: ErrorList, templates: readonly PodGroupTemplate[] | undefined): boolean {
  const count = templates?.length ?? 0;
  if (count === 0) errors.required(TEMPLATES, 'must have at least one item');
  if (count > MAX_TEMPLATES) errors.tooMany(TEMPLATES, count, MAX_TEMPLATES);
  return count > 0 && count <= MAX_TEMPLATES;
}

function checkTemplates(errors: ErrorList, templates: readonly PodGroupTemplate[] | undefined): void {
  const seen = new Set<string>();
  eachItem(templates, TEMPLATES, (template, at) => {
    const { name = '', schedulingPolicy } = template;
    if (name === '') errors.required(at.child('name'));
    else checkDnsLabel(errors, at.child('name'), name);
    if (seen.has(name)) errors.duplicate(at, internalForm(`${TYPES}.PodGroupTemplate`, template));
    seen.add(name);
    checkPolicy(errors, at.child('schedulingPolicy'), schedulingPolicy);
  });
}

function checkPolicy(errors: ErrorList, at: Path, policy: PodGroupSchedulingPolicy | undefined): void {
  const { basic, gang } = policy ?? {};
  if (basic && gang) {
    const why = 'exactly one of `basic`, `gang` is required, but multiple fields are set';
    errors.invalid(at, '{`basic`, `gang`}', why);
  } else if (!basic && !gang) errors.invalid(at, '', 'must specify one of: `basic`, `gang`');
  else if (gang) {
    const { minCount = 0 } = gang;
    if (minCount === 0) errors.required(at.child('gang').child('minCount'));
    else if (minCount < 0) errors.invalid(at.child('gang').child('minCount'), minCount, NOT_POSITIVE);
  }
}
