/**
 * Field paths and field errors of validation (upstream: k8s.io/apimachinery/pkg/util/validation/field).
 *
 * A FieldError is data; `formatFieldError` words it exactly as upstream does, and statusErrors.invalid turns a list of
 * them into the 422 answer.
 */
import { goQuote } from './go-quote.ts';

/** An immutable path such as `spec.containers[0].resources.limits[cpu]`. */
export class FieldPath {
  private constructor(private readonly text: string) {}

  /** A path that starts with these names; the empty path without any. */
  static root(...names: string[]): FieldPath {
    return new FieldPath(names.join('.'));
  }

  child(...names: string[]): FieldPath {
    const tail = names.join('.');
    return new FieldPath(this.text === '' ? tail : `${this.text}.${tail}`);
  }

  index(index: number): FieldPath {
    return new FieldPath(`${this.text}[${index}]`);
  }

  key(key: string): FieldPath {
    return new FieldPath(`${this.text}[${key}]`);
  }

  /** Upstream prints the empty path as `<nil>`. */
  toString(): string {
    return this.text === '' ? '<nil>' : this.text;
  }
}

export type FieldErrorType =
  | 'required'
  | 'invalid'
  | 'not-supported'
  | 'duplicate'
  | 'forbidden'
  | 'too-long'
  | 'too-many'
  | 'too-few'
  | 'not-found'
  | 'internal'
  | 'type-invalid';

export interface FieldError {
  readonly type: FieldErrorType;
  readonly field: string;
  /** What was found there; left out of messages when the key is absent. Anything that JSON can say. */
  readonly badValue?: unknown;
  readonly detail: string;
}

/** Type → the words in messages and the `reason` of a Status cause. */
const TYPES: Readonly<Record<FieldErrorType, { readonly text: string; readonly reason: string }>> = {
  required: { text: 'Required value', reason: 'FieldValueRequired' },
  invalid: { text: 'Invalid value', reason: 'FieldValueInvalid' },
  'not-supported': { text: 'Unsupported value', reason: 'FieldValueNotSupported' },
  duplicate: { text: 'Duplicate value', reason: 'FieldValueDuplicate' },
  forbidden: { text: 'Forbidden', reason: 'FieldValueForbidden' },
  'too-long': { text: 'Too long', reason: 'FieldValueTooLong' },
  'too-many': { text: 'Too many', reason: 'FieldValueTooMany' },
  'too-few': { text: 'Too few', reason: 'FieldValueTooFew' },
  'not-found': { text: 'Not found', reason: 'FieldValueNotFound' },
  internal: { text: 'Internal error', reason: 'InternalError' },
  'type-invalid': { text: 'Invalid value', reason: 'FieldValueTypeInvalid' },
};
const WITHOUT_VALUE: ReadonlySet<FieldErrorType> = new Set(['required', 'forbidden', 'too-long', 'internal']);

export const fieldErrors = {
  required: (path: FieldPath, detail: string): FieldError => error('required', path, detail),
  forbidden: (path: FieldPath, detail: string): FieldError => error('forbidden', path, detail),
  internal: (path: FieldPath, message: string): FieldError => error('internal', path, message),
  invalid: (path: FieldPath, badValue: unknown, detail: string): FieldError =>
    withValue('invalid', path, badValue, detail),
  typeInvalid: (path: FieldPath, badValue: unknown, detail: string): FieldError =>
    withValue('type-invalid', path, badValue, detail),
  duplicate: (path: FieldPath, badValue: unknown): FieldError => withValue('duplicate', path, badValue, ''),
  notFound: (path: FieldPath, badValue: unknown): FieldError => withValue('not-found', path, badValue, ''),
  /** `supported` is told in the order given: upstream's order where it keeps one, else sorted. */
  notSupported: (path: FieldPath, badValue: unknown, supported: readonly string[]): FieldError =>
    withValue(
      'not-supported',
      path,
      badValue,
      supported.length > 0 ? `supported values: ${supported.map(goQuote).join(', ')}` : '',
    ),
  /** `max` is in bytes; negative when unknown. */
  tooLong: (path: FieldPath, badValue: unknown, max: number): FieldError =>
    withValue('too-long', path, badValue, max >= 0 ? `may not be more than ${max} bytes` : 'value is too long'),
  tooMany: (path: FieldPath, actual: number, max: number): FieldError => {
    const detail = max >= 0 ? `must have at most ${max} items` : 'has too many items';
    return actual >= 0 ? withValue('too-many', path, actual, detail) : error('too-many', path, detail);
  },
  tooFew: (path: FieldPath, actual: number, min: number): FieldError =>
    withValue('too-few', path, actual, `must have at least ${min} items`),
} as const;

function error(type: FieldErrorType, path: FieldPath, detail: string): FieldError {
  return { type, field: path.toString(), detail };
}

function withValue(type: FieldErrorType, path: FieldPath, badValue: unknown, detail: string): FieldError {
  return { type, field: path.toString(), badValue, detail };
}

/** The `reason` of the Status cause. */
export function fieldErrorReason(e: FieldError): string {
  return TYPES[e.type].reason;
}

/** The message without the field: what a Status cause carries. */
export function fieldErrorBody(e: FieldError): string {
  const { text } = TYPES[e.type];
  const head = WITHOUT_VALUE.has(e.type) || !('badValue' in e) ? text : `${text}: ${formatBadValue(e.badValue)}`;
  return e.detail === '' ? head : `${head}: ${e.detail}`;
}

/** `spec.replicas: Invalid value: -1: must be greater than or equal to 0` */
export function formatFieldError(e: FieldError): string {
  return `${e.field}: ${fieldErrorBody(e)}`;
}

function formatBadValue(value: unknown): string {
  if (typeof value === 'string') return goQuote(value);
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return goJson(value);
}

/** Go's encoding/json escapes what could end a script element. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Several messages as one, without repeats: `a` alone, or `[a, b]` (upstream: util/errors Aggregate). */
export function aggregateMessage(messages: readonly string[]): string {
  const unique = [...new Set(messages)];
  return unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`;
}
