/**
 * Which names of a definition are free in its group, and what its conditions say of it
 * (upstream: k8s.io/apiextensions-apiserver/pkg/controller/{status/naming_controller.go,establish,nonstructuralschema,apiapproval}).
 */
import { type CustomResourceDefinition, formatFieldError, jsonEqual } from '@regatta/api';
import { Path } from '../../kinds/validation/path.ts';
import { approvalOf, isProtectedGroup } from './api-approval.ts';
import { conditionOf, isTrue, withCondition, withoutCondition } from './conditions.ts';
import { structuralErrors } from './structural-rules.ts';

type Names = CustomResourceDefinition['spec']['names'];

/** Names that other definitions of the group have. */
interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

interface Acceptance {
  readonly names: Names;
  readonly problem?: { readonly reason: string; readonly message: string };
}

function takenBy(others: readonly CustomResourceDefinition[]): Taken {
  const names = others.map(({ status }) => status?.acceptedNames).filter((accepted) => accepted !== undefined);
  return {
    resources: new Set(
      names.flatMap(({ plural, singular, shortNames }) => [plural, singular ?? '', ...(shortNames ?? [])]),
    ),
    kinds: new Set(names.flatMap(({ kind, listKind }) => [kind, listKind ?? ''])),
  };
}

/** @param others the other definitions of its group */
function accept(definition: CustomResourceDefinition, others: readonly CustomResourceDefinition[]): Acceptance {
  const { names: wanted } = definition.spec;
  const accepted: Names = { ...(definition.status?.acceptedNames ?? { plural: '', kind: '' }) };
  const { resources, kinds } = takenBy(others);
  let problem: Acceptance['problem'];
  const settle = <K extends keyof Names>(
    name: K,
    values: readonly string[],
    taken: ReadonlySet<string>,
    reason: string,
  ): void => {
    const used = values.filter((value) => value !== '' && taken.has(value));
    if (used.length === 0) {
      if (wanted[name] === undefined) delete accepted[name];
      else accepted[name] = wanted[name];
      return;
    }
    const messages = used.map((value) => `${JSON.stringify(value)} is already in use`);
    problem = { reason, message: messages.length === 1 ? (messages[0] ?? '') : `[${messages.join(', ')}]` };
  };
  settle('plural', [wanted.plural], resources, 'PluralConflict');
  settle('singular', [wanted.singular ?? ''], resources, 'SingularConflict');
  settle('shortNames', wanted.shortNames ?? [], resources, 'ShortNamesConflict');
  settle('kind', [wanted.kind], kinds, 'KindConflict');
  settle('listKind', [wanted.listKind ?? ''], kinds, 'ListKindConflict');
  settle('categories', [], resources, '');
  return { names: accepted, ...(problem ? { problem } : {}) };
}

/** The definition with the status that it should have. The same object when it has. @param now RFC 3339 */
export function withStatus(
  definition: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
  now: string,
): CustomResourceDefinition {
  const { names, problem } = accept(definition, others);
  let next = definition;
  if (!jsonEqual(names, definition.status?.acceptedNames)) {
    next = { ...next, status: { ...next.status, acceptedNames: ordered(names) } };
  }
  next = withCondition(next, now, {
    type: 'NamesAccepted',
    status: problem ? 'False' : 'True',
    reason: problem?.reason ?? 'NoConflicts',
    message: problem?.message ?? 'no conflicts found',
  });
  next = withEstablished(next, now, problem !== undefined);
  next = withStructure(next, now);
  return withApproval(next, now);
}

/** Once established, a definition stays so. */
function withEstablished(
  definition: CustomResourceDefinition,
  now: string,
  hasConflicts: boolean,
): CustomResourceDefinition {
  if (isTrue(definition, 'Established')) return definition;
  if (!hasConflicts) {
    return withCondition(definition, now, {
      type: 'Established',
      status: 'True',
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted',
    });
  }
  if (conditionOf(definition, 'Established')) return definition;
  return withCondition(definition, now, {
    type: 'Established',
    status: 'False',
    reason: 'NotAccepted',
    message: 'not all names are accepted',
  });
}

/** Only definitions of older versions of the API can have schemas that aren't structural. */
function withStructure(definition: CustomResourceDefinition, now: string): CustomResourceDefinition {
  const schemas = Path.root('spec').child('versions');
  const errors = definition.spec.versions.flatMap(({ schema }, i) => {
    const at = schemas.index(i).child('schema').child('openAPIV3Schema');
    return schema?.openAPIV3Schema ? structuralErrors(at, schema.openAPIV3Schema) : [];
  });
  if (errors.length === 0) return withoutCondition(definition, 'NonStructuralSchema');
  const texts = errors.map(formatFieldError);
  return withCondition(definition, now, {
    type: 'NonStructuralSchema',
    status: 'True',
    reason: 'Violations',
    message: texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`,
  });
}

const APPROVAL_REASONS = {
  missing: 'MissingAnnotation',
  bypassed: 'UnapprovedAnnotation',
  approved: 'ApprovedAnnotation',
  invalid: 'InvalidAnnotation',
} as const;

function withApproval(definition: CustomResourceDefinition, now: string): CustomResourceDefinition {
  if (!isProtectedGroup(definition.spec.group)) return definition;
  const { state, reason } = approvalOf(definition);
  return withCondition(definition, now, {
    type: 'KubernetesAPIApprovalPolicyConformant',
    status: state === 'approved' ? 'True' : 'False',
    reason: APPROVAL_REASONS[state],
    message: reason,
  });
}

/** In the order in which Go writes them. */
function ordered({ plural, singular, shortNames, kind, listKind, categories }: Names): Names {
  return {
    plural,
    ...(singular ? { singular } : {}),
    ...(shortNames ? { shortNames } : {}),
    kind,
    ...(listKind ? { listKind } : {}),
    ...(categories ? { categories } : {}),
  };
}
