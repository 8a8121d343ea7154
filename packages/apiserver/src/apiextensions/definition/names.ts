/**
 * Rules for the names of a custom resource
 * (upstream: ValidateCustomResourceDefinitionNames of apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go).
 */
import { type CustomResourceDefinition, isDNS1035Label } from '@regatta/api';
import type { ErrorList } from '../../kinds/validation/error-list.ts';
import type { Path } from '../../kinds/validation/path.ts';

type Names = CustomResourceDefinition['spec']['names'];

const MIXED_CASE = 'may have mixed case, but should otherwise match: ';

export function checkNames(errors: ErrorList, at: Path, names: Partial<Names>): void {
  const { plural, singular, kind, listKind, shortNames, categories } = names;
  checkLabel(errors, at.child('plural'), plural);
  checkLabel(errors, at.child('singular'), singular);
  checkKind(errors, at.child('kind'), kind);
  checkKind(errors, at.child('listKind'), listKind);
  for (const [i, name] of (shortNames ?? []).entries()) checkLabel(errors, at.child('shortNames').index(i), name, true);
  if (kind && kind === listKind) {
    errors.invalid(at.child('listKind'), listKind, 'kind and listKind may not be the same');
  }
  for (const [i, name] of (categories ?? []).entries()) checkLabel(errors, at.child('categories').index(i), name, true);
}

export function checkLabel(errors: ErrorList, at: Path, name: string | undefined, evenEmpty = false): void {
  if (!name && !evenEmpty) return;
  const problems = isDNS1035Label(name ?? '');
  if (problems.length > 0) errors.invalid(at, name, problems.join(','));
}

function checkKind(errors: ErrorList, at: Path, kind: string | undefined): void {
  if (!kind) return;
  const problems = isDNS1035Label(kind.toLowerCase());
  if (problems.length > 0) errors.invalid(at, kind, `${MIXED_CASE}${problems.join(',')}`);
}

/** Names that a spec, unlike a status, must have. */
export function requireNames(errors: ErrorList, at: Path, { plural, singular, kind, listKind }: Partial<Names>): void {
  for (const [name, value] of Object.entries({ plural, singular, kind, listKind })) {
    if (!value) errors.required(at.child(name));
  }
}
