/**
 * What one requirement of a label selector must hold (upstream: labels.NewRequirement).
 */
import { aggregateMessage, type FieldError, FieldPath, fieldErrors, formatFieldError } from '../field-error.ts';
import { statusErrors } from '../status-error.ts';
import { isQualifiedName, isValidLabelValue } from '../validation/names.ts';
import type { LabelRequirement } from './label-selector.ts';

/** Messages of what is wrong with a key: one at most. */
export function labelKeyErrors(key: string): FieldError[] {
  const messages = isQualifiedName(key);
  return messages.length > 0 ? [fieldErrors.invalid(FieldPath.root(), key, messages.join('; '))] : [];
}

/** Returns the requirement. @throws StatusError BadRequest */
export function checkRequirement(requirement: LabelRequirement): LabelRequirement {
  const message = requirementError(requirement);
  if (message !== undefined) throw statusErrors.badRequest(message);
  return requirement;
}

/** What is wrong, as upstream words it; undefined when nothing is. */
export function requirementError(requirement: LabelRequirement): string | undefined {
  const path = FieldPath.root('values');
  const errors = [...labelKeyErrors(requirement.key), ...countErrors(requirement, path)];
  requirement.values.forEach((value, i) => {
    const messages = isValidLabelValue(value);
    if (messages.length === 0) return;
    errors.push(fieldErrors.invalid(path.index(i).key(requirement.key), value, messages.join('; ')));
  });
  return errors.length === 0 ? undefined : aggregateMessage(errors.map(formatFieldError));
}

function countErrors({ operator, values }: LabelRequirement, path: FieldPath): FieldError[] {
  switch (operator) {
    case 'in':
    case 'notin':
      if (values.length > 0) return [];
      return [fieldErrors.invalid(path, values, "for 'in', 'notin' operators, values set can't be empty")];
    case 'exists':
    case '!':
      if (values.length === 0) return [];
      return [fieldErrors.invalid(path, values, 'values set must be empty for exists and does not exist')];
    case 'gt':
    case 'lt':
      if (values.length !== 1) {
        return [fieldErrors.invalid(path, values, "for 'Gt', 'Lt' operators, exactly one value is required")];
      }
      return values.flatMap((value, i) =>
        /^[+-]?\d+$/.test(value)
          ? []
          : [fieldErrors.invalid(path.index(i), value, "for 'Gt', 'Lt' operators, the value must be an integer")],
      );
    default:
      if (values.length === 1) return [];
      return [fieldErrors.invalid(path, values, 'exact-match compatibility requires one single value')];
  }
}
