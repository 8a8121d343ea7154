/**
 * What can be said of x-kubernetes-validations without compiling them
 * (upstream: ValidateCustomResourceDefinitionOpenAPISchema of apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go).
 */
import type { ErrorList } from '../../kinds/validation/error-list.ts';
import type { Path } from '../../kinds/validation/path.ts';
import { findSchema } from '../schema/field-path.ts';
import type { Structural } from '../schema/structural.ts';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const LINE_BREAK = /[\n\r]/;

export function checkRuleTexts(errors: ErrorList, at: Path, schema: Structural): void {
  for (const [i, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    const where = at.index(i);
    const { message = '', messageExpression = '', reason, fieldPath = '' } = rule;
    checkMessage(errors, where, rule.rule.trim(), message);
    if (messageExpression !== '' && messageExpression.trim() === '') {
      errors.required(where.child('messageExpression'), 'messageExpression must be non-empty if specified');
    }
    if (reason !== undefined && !REASONS.includes(reason)) {
      errors.notSupported(where.child('reason'), reason, REASONS);
    }
    if (fieldPath !== '') checkFieldPath(errors, where.child('fieldPath'), fieldPath, schema);
  }
}

function checkMessage(errors: ErrorList, at: Path, rule: string, message: string): void {
  const trimmed = message.trim();
  if (rule === '') errors.required(at.child('rule'), 'rule is not specified');
  else if (message !== '' && trimmed === '') {
    errors.invalid(at.child('message'), message, 'message must be non-empty if specified');
  } else if (LINE_BREAK.test(trimmed)) {
    errors.invalid(at.child('message'), message, 'message must not contain line breaks');
  } else if (LINE_BREAK.test(rule) && trimmed === '') {
    errors.required(at.child('message'), 'message must be specified if rule contains line breaks');
  }
}

function checkFieldPath(errors: ErrorList, at: Path, fieldPath: string, schema: Structural): void {
  if (fieldPath.trim() === '') errors.invalid(at, fieldPath, 'fieldPath must be non-empty if specified');
  if (LINE_BREAK.test(fieldPath)) errors.invalid(at, fieldPath, 'fieldPath must not contain line breaks');
  if (findSchema(fieldPath, schema, true) instanceof Error)
    errors.invalid(at, fieldPath, 'fieldPath must be a valid path');
}
