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
import type { Resource } from '../../registry/resource.ts';
import type { ResourceRegistry } from '../../registry/resource-registry.ts';
import type { ServerContext } from '../../server/context.ts';
import type { AdmissionAttributes } from '../admission.ts';
import { requestTarget, type Target } from '../versioned-object.ts';

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

/** The version in which the request is to be told; undefined when it is none of the matcher's business. */
export type RequestMatcher = (attributes: AdmissionAttributes) => Target | undefined;

type Rule = (attributes: AdmissionAttributes, target: Target) => boolean;

export interface MatchParts {
  readonly server: Pick<ServerContext, 'get'>;
  readonly resources: Pick<ResourceRegistry, 'equivalents'>;
}

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
export function requestMatcher({ server, resources }: MatchParts, spec: MatchSpec): RequestMatcher {
  const rules = spec.rules.map(compileRule);
  const excluded = (spec.excluded ?? []).map(compileRule);
  const namespaces = selector(spec.namespaceSelector);
  const objects = selector(spec.objectSelector);
  const find = (attributes: AdmissionAttributes, from: readonly Rule[]): Target | undefined => {
    const requested = requestTarget(attributes);
    if (from.some((rule) => rule(attributes, requested))) return requested;
    if (spec.matchPolicy === 'Exact' || !requested.served) return undefined;
    const others = resources.equivalents(requested.served).map(targetOf);
    for (const rule of from) for (const other of others) if (rule(attributes, other)) return other;
    return undefined;
  };
  return (attributes) => {
    if (isExempt(attributes)) return undefined;
    const target = find(attributes, rules);
    if (!target || (excluded.length > 0 && find(attributes, excluded))) return undefined;
    if (namespaces && !inNamespace(server, attributes, namespaces)) return undefined;
    return !objects || isSelected(attributes, objects) ? target : undefined;
  };
}

function targetOf(served: Resource): Target {
  const { group, version, resource, kind } = served.info;
  return { group, version, resource, kind, served };
}

function isSelected({ object, oldObject }: AdmissionAttributes, matcher: LabelMatcher): boolean {
  return [object, oldObject].some((one) => one && matcher.matches(one.metadata?.labels));
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

function compileRule(rule: RequestRule): Rule {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], resourceNames = [], scope = '*' } = rule;
  const has = (values: readonly string[], value: string): boolean => values.includes('*') || values.includes(value);
  return (attributes, { group, version, resource }) => {
    const { operation, subresource, namespace, name } = attributes;
    const isNamespaced = namespace !== '' && !(group === '' && resource === 'namespaces');
    if (scope !== '*' && (scope === 'Namespaced') !== isNamespaced) return false;
    if (!has(operations, operation) || !has(apiGroups, group) || !has(apiVersions, version)) return false;
    if (resourceNames.length > 0 && !resourceNames.includes(name)) return false;
    return resources.some((pattern) => matchesResource(pattern, resource, subresource));
  };
}

function matchesResource(pattern: string, resource: string, subresource: string): boolean {
  const slash = pattern.indexOf('/');
  const [main, sub] = slash < 0 ? [pattern, ''] : [pattern.slice(0, slash), pattern.slice(slash + 1)];
  return (main === '*' || main === resource) && (sub === subresource || sub === '*');
}
