/**
 * Validation of labels and label selectors (upstream: k8s.io/apimachinery/pkg/apis/meta/v1/validation).
 */
import { type FieldError, type FieldPath, fieldErrors } from '../field-error.ts';
import type { LabelSelector } from '../generated/kinds.ts';
import { isQualifiedName, isValidLabelValue } from './names.ts';

export function validateLabelName(name: string, path: FieldPath): FieldError[] {
  return isQualifiedName(name).map((m) => fieldErrors.invalid(path, name, m));
}

export function validateLabels(labels: Readonly<Record<string, string>> | undefined, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    errors.push(...validateLabelName(key, path));
    for (const m of isValidLabelValue(value)) errors.push(fieldErrors.invalid(path, value, m));
  }
  return errors;
}

export interface LabelSelectorRules {
  /** Also check the values of expressions, as kinds do unless they had invalid ones stored before. */
  readonly checkValues?: boolean;
}

export function validateLabelSelector(
  selector: LabelSelector | undefined,
  path: FieldPath,
  { checkValues = true }: LabelSelectorRules = {},
): FieldError[] {
  if (!selector) return [];
  const errors = validateLabels(selector.matchLabels, path.child('matchLabels'));
  (selector.matchExpressions ?? []).forEach(({ key, operator, values = [] }, i) => {
    const at = path.child('matchExpressions').index(i);
    errors.push(...operatorErrors(operator, values, at), ...validateLabelName(key, at.child('key')));
    if (!checkValues) return;
    values.forEach((value, j) => {
      for (const m of isValidLabelValue(value)) errors.push(fieldErrors.invalid(at.child('values').index(j), value, m));
    });
  });
  return errors;
}

function operatorErrors(operator: string, values: readonly string[], path: FieldPath): FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length > 0) return [];
      return [fieldErrors.required(path.child('values'), "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      if (values.length === 0) return [];
      return [
        fieldErrors.forbidden(
          path.child('values'),
          "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
      ];
    default:
      return [fieldErrors.invalid(path.child('operator'), operator, 'not a valid selector operator')];
  }
}
