/**
 * FlowSchemas (upstream: pkg/apis/flowcontrol/v1/defaults.go, ValidateFlowSchema of
 * pkg/apis/flowcontrol/validation/validation.go).
 */
import {
  type FlowcontrolV1Subject,
  type FlowSchema,
  isDNS1123Label,
  type NonResourcePolicyRule,
  type PolicyRulesWithSubjects,
  type ResourcePolicyRule,
} from '@regatta/api';
import { FLOW_SCHEMAS } from '../../flowcontrol/bootstrap-objects.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem, isEmptyList } from '../validation/lists.ts';
import { type Path, SPEC } from '../validation/path.ts';
import { checkDnsLabel, checkDnsSubdomain } from '../validation/rules.ts';
import { checkConditionTypes } from './condition-types.ts';
import { checkMandatory } from './mandatory-spec.ts';

const USUAL_PRECEDENCE = 1000;
const MAX_PRECEDENCE = 10_000;
const METHODS = ['ByNamespace', 'ByUser'];
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const NAMESPACES_WRONG = "each member of this list must be '*' or a DNS-1123 label; ";
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
  validateStatusUpdate: ({ status }) => checkConditionTypes(status?.conditions).errors,
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
  checkMandatory(errors, FLOW_SCHEMAS.mandatory, { metadata, spec });
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
  eachItem(nonResourceRules, path.child('nonResourceRules'), (item, at) => checkNonResourceRule(errors, at, item));
}

function checkSubject(errors: ErrorList, path: Path, subject: FlowcontrolV1Subject): void {
  const { kind } = subject;
  if (!SUBJECT_KINDS.includes(kind)) {
    errors.notSupported(path.child('kind'), kind ?? '', SUBJECT_KINDS);
    return;
  }
  for (const [ownKind, field] of SUBJECTS)
    if (kind === ownKind) checkOwnSubject(errors, path.child(field), field, subject);
  for (const [otherKind, field] of SUBJECTS) {
    if (kind !== otherKind && subject[field]) {
      errors.forbidden(path.child(field), `${field} is forbidden when subject kind is not '${otherKind}'`);
    }
  }
}

function checkOwnSubject(
  errors: ErrorList,
  at: Path,
  field: (typeof SUBJECTS)[number][1],
  subject: FlowcontrolV1Subject,
): void {
  const given = subject[field];
  if (!given) {
    errors.required(at, `${field} is required when subject kind is '${subject.kind}'`);
    return;
  }
  if (!given.name) errors.required(at.child('name'));
  if (field !== 'serviceAccount') return;
  if (given.name && given.name !== '*') checkDnsSubdomain(errors, at.child('name'), given.name);
  const namespace = subject.serviceAccount?.namespace;
  if (!namespace) errors.required(at.child('namespace'), 'must specify namespace for service account');
  else checkDnsLabel(errors, at.child('namespace'), namespace);
}

function checkResourceRule(errors: ErrorList, path: Path, rule: ResourcePolicyRule): void {
  checkVerbs(errors, path.child('verbs'), rule.verbs);
  const groups = 'resource rules must supply at least one api group';
  checkList(errors, path.child('apiGroups'), rule.apiGroups, groups, 'api groups');
  const resources = 'resource rules must supply at least one resource';
  checkList(errors, path.child('resources'), rule.resources, resources, 'resources');
  const at = path.child('namespaces');
  if (isEmptyList(rule.namespaces)) {
    if (rule.clusterScope) return;
    errors.required(at, 'resource rules that are not cluster scoped must supply at least one namespace');
  } else if (checkList(errors, at, rule.namespaces, '', 'namespaces')) {
    eachItem(rule.namespaces, at, (namespace, itemAt) => {
      const problems = isDNS1123Label(namespace).map((problem) => `${NAMESPACES_WRONG}${problem}`);
      errors.invalidEach(itemAt, namespace, problems);
    });
  }
}

function checkNonResourceRule(errors: ErrorList, path: Path, rule: NonResourcePolicyRule): void {
  checkVerbs(errors, path.child('verbs'), rule.verbs);
  const at = path.child('nonResourceURLs');
  const missing = 'nonResourceURLs must contain at least one value';
  if (checkList(errors, at, rule.nonResourceURLs, missing, 'non-resource URLs')) {
    eachItem(rule.nonResourceURLs, at, (url, itemAt) => {
      const problem = urlProblem(url);
      if (problem) errors.invalid(itemAt, url, problem);
    });
  }
}

/** A wildcard stands for the rest of the path, and nowhere else. */
function urlProblem(url: string): string | undefined {
  if (url === '') return 'must not be empty';
  if (!url.startsWith('/')) return 'must start with slash';
  if (url.includes(' ')) return 'must not contain white-space';
  if (url.includes('//')) return 'must not contain double slash';
  const first = url.indexOf('*');
  if (first >= 0 && (first < url.length - 1 || !url.endsWith('/*'))) return 'wildcard can only do suffix matching';
  return undefined;
}

function checkVerbs(errors: ErrorList, at: Path, verbs: readonly string[] | undefined): void {
  if (!checkList(errors, at, verbs, 'verbs must contain at least one value', 'verbs')) return;
  if (verbs?.some((verb) => !VERBS.includes(verb))) errors.notSupported(at, verbs, VERBS);
}

/** Whether the values themselves must be looked at: there are some, and none is a wildcard. */
function checkList(
  errors: ErrorList,
  at: Path,
  values: readonly string[] | undefined,
  missing: string,
  what: string,
): boolean {
  if (!values || isEmptyList(values)) {
    errors.required(at, missing);
    return false;
  }
  const isWild = values.includes('*');
  if (isWild && values.length > 1) errors.invalid(at, values, `if '*' is present, must not specify other ${what}`);
  return !isWild;
}
