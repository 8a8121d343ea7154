/**
 * What is doubtful in a policy's expressions, judged by the types of the kinds that it is about
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating/typechecking.go).
 */
import { type ExpressionWarning, parseApiVersion, type ValidatingAdmissionPolicy } from '@regatta/api';
import { type CelType, DYN } from '@regatta/cel';
import type { Resource } from '../../registry/resource.ts';
import type { ResourceRegistry } from '../../registry/resource-registry.ts';
import { kindType } from './kind-type.ts';
import { PolicyProgram } from './policy-program.ts';

/** Upstream: MaxTypesToCheck. */
const MAX_KINDS = 10;

export function expressionWarnings(
  { spec }: ValidatingAdmissionPolicy,
  resources: ResourceRegistry,
): ExpressionWarning[] {
  const warnings = new Map<string, string>();
  const params = paramType(spec, resources);
  for (const resource of kindsOf(spec, resources)) {
    const typed = { object: kindType(resource.types, resource.info.typeId), params: params ?? DYN };
    const { problems } = new PolicyProgram(params ? spec : withoutParams(spec), typed);
    for (const { path, message } of problems) {
      if (path[0] !== 'validations') continue;
      const field = fieldRef(path);
      const text = `${gvkText(resource)}: ${message.replace(/^compilation failed: /, '')}\n`;
      const before = warnings.get(field);
      warnings.set(field, before === undefined ? text : `${before}\n${text}`);
    }
  }
  return [...warnings].map(([field, warning]) => ({ fieldRef: field, warning })).sort(byPlace);
}

type Spec = ValidatingAdmissionPolicy['spec'];

/** Parameters of a kind that isn't known are unknown to expressions. */
function withoutParams({ paramKind, ...spec }: Spec): Spec {
  return spec;
}

function paramType({ paramKind }: Spec, resources: ResourceRegistry): CelType | undefined {
  const { group, version } = parseApiVersion(paramKind?.apiVersion ?? '') ?? { group: '', version: '' };
  const resource = paramKind && resources.ofKind(group, version, paramKind.kind ?? '');
  return resource && kindType(resource.types, resource.info.typeId);
}

/** Go's GroupVersionKind.String(). */
function gvkText({ group, version, kind }: Resource): string {
  return `${group}/${version}, Kind=${kind}`;
}

function byPlace(a: ExpressionWarning, b: ExpressionWarning): number {
  return a.fieldRef.localeCompare(b.fieldRef, 'en', { numeric: true });
}

/** The kinds that rules name; a rule about everything names none. */
function kindsOf({ matchConstraints }: ValidatingAdmissionPolicy['spec'], resources: ResourceRegistry): Resource[] {
  const found = new Set<Resource>();
  for (const { apiGroups = [], apiVersions = [], resources: names = [] } of matchConstraints?.resourceRules ?? []) {
    for (const group of apiGroups) {
      for (const version of apiVersions) {
        for (const name of names) {
          const resource = /[*/]/.test(name) ? undefined : resources.get(group, version, name);
          if (resource && found.size < MAX_KINDS) found.add(resource);
        }
      }
    }
  }
  return [...found].sort((a, b) => (gvkText(a) < gvkText(b) ? -1 : 1));
}

function fieldRef(path: readonly (string | number)[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}.${part}`),
    'spec',
  );
}
