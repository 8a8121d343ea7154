/**
 * Which requests a webhook or a policy is about: rules, namespace and object selectors
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/predicates, plugin/policy/matching).
 */
import {
  type KubeObject,
  type LabelMatcher,
  type LabelSelector,
  labelSelectorFrom,
  type Namespace,
} from '@regatta/api';
import { NAMESPACES } from '../../auth/resource-refs.ts';
import type { ServerContext } from '../../server/context.ts';
import type { AdmissionAttributes } from '../admission.ts';

export interface RequestRule {
  readonly operations?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly scope?: string;
}

export interface MatchSpec {
  readonly rules: readonly RequestRule[];
  readonly excluded?: readonly RequestRule[];
  readonly matchPolicy?: string | undefined;
  readonly namespaceSelector?: LabelSelector | undefined;
  readonly objectSelector?: LabelSelector | undefined;
}

export type RequestMatcher = (attributes: AdmissionAttributes) => boolean;

/** Objects that decide about admission are never subject to it, nor are reviews. */
const EXEMPT_GROUP = 'admissionregistration.k8s.io';
const REVIEWS = [
  'tokenreviews',
  'subjectaccessreviews',
  'localsubjectaccessreviews',
  'selfsubjectaccessreviews',
  'selfsubjectrulesreviews',
  'selfsubjectreviews',
];

/** Compiled once per configuration. */
export function requestMatcher(server: Pick<ServerContext, 'get'>, spec: MatchSpec): RequestMatcher {
  const rules = spec.rules.map((rule) => compileRule(rule, spec.matchPolicy !== 'Exact'));
  const excluded = (spec.excluded ?? []).map((rule) => compileRule(rule, spec.matchPolicy !== 'Exact'));
  const namespaces = selector(spec.namespaceSelector);
  const objects = selector(spec.objectSelector);
  return (attributes) => {
    if (isExempt(attributes)) return false;
    if (!rules.some((matches) => matches(attributes)) || excluded.some((matches) => matches(attributes))) return false;
    if (namespaces && !inNamespace(server, attributes, namespaces)) return false;
    return (
      !objects ||
      [attributes.object, attributes.oldObject].some((object) => object && objects.matches(object.metadata?.labels))
    );
  };
}

function isExempt({ group, resource }: AdmissionAttributes): boolean {
  return group === EXEMPT_GROUP || REVIEWS.includes(resource);
}

function selector(of: LabelSelector | undefined): LabelMatcher | undefined {
  const matcher = of && labelSelectorFrom(of);
  return matcher?.isEverything ? undefined : matcher;
}

function inNamespace(
  server: Pick<ServerContext, 'get'>,
  attributes: AdmissionAttributes,
  wanted: LabelMatcher,
): boolean {
  const { group, resource, namespace, object, oldObject } = attributes;
  if (group === '' && resource === 'namespaces') return wanted.matches((object ?? oldObject)?.metadata.labels);
  if (namespace === '') return true;
  return wanted.matches(server.get<Namespace & KubeObject>(NAMESPACES, '', namespace)?.metadata.labels);
}

/** @param equivalent whether any version of the resource stands for it */
function compileRule(rule: RequestRule, equivalent: boolean): RequestMatcher {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], resourceNames = [], scope = '*' } = rule;
  const has = (values: readonly string[], value: string): boolean => values.includes('*') || values.includes(value);
  return (attributes) => {
    const { operation, group, version, resource, subresource, namespace, name } = attributes;
    const isNamespaced = namespace !== '' && !(group === '' && resource === 'namespaces');
    if (scope !== '*' && (scope === 'Namespaced') !== isNamespaced) return false;
    if (!has(operations, operation) || !has(apiGroups, group)) return false;
    if (!equivalent && !has(apiVersions, version)) return false;
    if (resourceNames.length > 0 && !resourceNames.includes(name)) return false;
    return resources.some((pattern) => matchesResource(pattern, resource, subresource));
  };
}

function matchesResource(pattern: string, resource: string, subresource: string): boolean {
  const slash = pattern.indexOf('/');
  const [main, sub] = slash < 0 ? [pattern, ''] : [pattern.slice(0, slash), pattern.slice(slash + 1)];
  return (main === '*' || main === resource) && (sub === subresource || sub === '*');
}
