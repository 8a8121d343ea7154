/**
 * FlowSchemas (upstream: pkg/apis/flowcontrol/v1/defaults.go, ValidateFlowSchema of
 * pkg/apis/flowcontrol/validation/validation.go).
 */
import type { FlowcontrolV1Subject, FlowSchema, PolicyRulesWithSubjects, ResourcePolicyRule } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem, isEmptyList } from '../validation/lists.ts';
import { type Path, SPEC } from '../validation/path.ts';
import { checkDnsSubdomain } from '../validation/rules.ts';

const USUAL_PRECEDENCE = 1000;
const MAX_PRECEDENCE = 10_000;
const METHODS = ['ByNamespace', 'ByUser'];
const SUBJECT_KINDS = ['Group', 'ServiceAccount', 'User'];
const PRECEDENCE = SPEC.child('matchingPrecedence');
/** Subject kinds and the fields in which they are told. */
const SUBJECTS = [
  ['ServiceAccount', 'serviceAccount'],
  ['User', 'user'],
  ['Group', 'group'],
] as const;

export const flowSchemaStrategy: Strategy<FlowSchema> = {
  tracksGeneration: true,
  applyDefaults({ spec }) {
    if (spec) spec.matchingPrecedence ||= USUAL_PRECEDENCE;
  },
  validate: (schema) => validateSchema(schema).errors,
  validateUpdate: (schema) => validateSchema(schema).errors,
};

function validateSchema({ metadata, spec }: FlowSchema): ErrorList {
  const errors = new ErrorList();
  const precedence = spec?.matchingPrecedence ?? USUAL_PRECEDENCE;
  const refuse = (why: string): void => errors.invalid(PRECEDENCE, precedence, why);
  if (precedence <= 0) refuse('must be a positive value');
  if (precedence > MAX_PRECEDENCE) refuse(`must not be greater than ${MAX_PRECEDENCE}`);
  if (precedence === 1 && metadata.name !== 'exempt') {
    refuse("only the schema named 'exempt' may have matchingPrecedence 1");
  }
  const method = spec?.distinguisherMethod;
  if (method && !METHODS.includes(method.type)) {
    errors.notSupported(SPEC.child('distinguisherMethod').child('type'), { Type: method.type ?? '' }, METHODS);
  }
  const level = spec?.priorityLevelConfiguration?.name;
  const levelAt = SPEC.child('priorityLevelConfiguration').child('name');
  if (level) checkDnsSubdomain(errors, levelAt, level);
  else errors.required(levelAt, 'must reference a priority level');
  eachItem(spec?.rules, SPEC.child('rules'), (rule, at) => checkRule(errors, at, rule));
  return errors;
}

function checkRule(errors: ErrorList, path: Path, rule: PolicyRulesWithSubjects): void {
  const { subjects, resourceRules, nonResourceRules } = rule;
  if (isEmptyList(subjects)) errors.required(path.child('subjects'), 'subjects must contain at least one value');
  eachItem(subjects, path.child('subjects'), (subject, at) => checkSubject(errors, at, subject));
  if (isEmptyList(resourceRules) && isEmptyList(nonResourceRules)) {
    errors.required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty');
  }
  eachItem(resourceRules, path.child('resourceRules'), (item, at) => checkResourceRule(errors, at, item));
  eachItem(nonResourceRules, path.child('nonResourceRules'), ({ verbs, nonResourceURLs }, at) => {
    checkList(errors, at.child('verbs'), verbs, 'verbs must contain at least one value', 'verbs');
    const why = 'nonResourceURLs must contain at least one value';
    checkList(errors, at.child('nonResourceURLs'), nonResourceURLs, why, 'non-resource URLs');
  });
}

function checkSubject(errors: ErrorList, path: Path, subject: FlowcontrolV1Subject): void {
  if (!SUBJECT_KINDS.includes(subject.kind)) errors.notSupported(path.child('kind'), subject.kind, SUBJECT_KINDS);
  for (const [kind, field] of SUBJECTS) {
    const given = subject[field];
    const at = path.child(field);
    if (subject.kind !== kind) {
      if (given) errors.forbidden(at, `${field} is forbidden when subject kind is not '${kind}'`);
      continue;
    }
    if (!given) {
      errors.required(at, `${field} is required when subject kind is '${kind}'`);
      continue;
    }
    if (!given.name) errors.required(at.child('name'));
    if ('namespace' in given && !given.namespace) {
      errors.required(at.child('namespace'), 'must specify namespace for service account');
    }
  }
}

function checkResourceRule(errors: ErrorList, path: Path, rule: ResourcePolicyRule): void {
  checkList(errors, path.child('verbs'), rule.verbs, 'verbs must contain at least one value', 'verbs');
  const groups = 'resource rules must supply at least one api group';
  checkList(errors, path.child('apiGroups'), rule.apiGroups, groups, 'api groups');
  const resources = 'resource rules must supply at least one resource';
  checkList(errors, path.child('resources'), rule.resources, resources, 'resources');
  const at = path.child('namespaces');
  if (!isEmptyList(rule.namespaces)) checkList(errors, at, rule.namespaces, '', 'namespaces');
  else if (!rule.clusterScope) {
    errors.required(at, 'resource rules that are not cluster scoped must supply at least one namespace');
  }
}

function checkList(
  errors: ErrorList,
  at: Path,
  values: readonly string[] | undefined,
  missing: string,
  what: string,
): void {
  if (!values || isEmptyList(values)) errors.required(at, missing);
  else if (values.length > 1 && values.includes('*')) {
    errors.invalid(at, values, `if '*' is present, must not specify other ${what}`);
  }
}
