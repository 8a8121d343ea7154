/**
 * What is doubtful in a policy's expressions, judged by the types of the kinds that it is about
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating/typechecking.go).
 */
import type { ExpressionWarning, ValidatingAdmissionPolicy } from '@regatta/api';
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
  for (const resource of kindsOf(spec, resources)) {
    const { problems } = new PolicyProgram(spec, kindType(resource.types, resource.info.typeId));
    for (const { path, message } of problems) {
      const field = fieldRef(path);
      const text = `${resource.apiVersion}, Kind=${resource.kind}: ${message.replace(/^compilation failed: /, '')}\n`;
      warnings.set(field, `${warnings.get(field) ?? ''}${text}`);
    }
  }
  return [...warnings].map(([field, warning]) => ({ fieldRef: field, warning }));
}

/** The kinds that rules name; a rule about everything names none. */
function kindsOf({ matchConstraints }: ValidatingAdmissionPolicy['spec'], resources: ResourceRegistry): Resource[] {
  const found = new Set<Resource>();
  for (const { apiGroups = [], apiVersions = [], resources: names = [] } of matchConstraints?.resourceRules ?? []) {
    for (const group of apiGroups) {
      for (const version of apiVersions) {
        for (const name of names) {
          const resource = resources.get(group, version, name);
          if (resource && found.size < MAX_KINDS) found.add(resource);
        }
      }
    }
  }
  return [...found];
}

function fieldRef(path: readonly (string | number)[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}.${part}`),
    'spec',
  );
}
