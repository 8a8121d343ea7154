/**
 * The errors that validation of one object has found, in upstream's order
 * (upstream: k8s.io/apimachinery/pkg/util/validation/field ErrorList).
 */
import { type FieldError, FieldPath, fieldErrors } from '@regatta/api';
import type { Path } from './path.ts';

export class ErrorList {
  readonly errors: FieldError[] = [];

  get length(): number {
    return this.errors.length;
  }

  required(path: Path, detail = ''): void {
    this.errors.push(fieldErrors.required(at(path), detail));
  }

  invalid(path: Path, value: unknown, detail: string): void {
    this.errors.push(fieldErrors.invalid(at(path), value, detail));
  }

  /** Where showing the value would help nobody. */
  invalidUnshown(path: Path, detail: string): void {
    this.errors.push({ type: 'invalid', field: path.toString(), detail });
  }

  /** One error for each message of a check such as isDNS1123Label. */
  invalidEach(path: Path, value: unknown, messages: readonly string[]): void {
    for (const message of messages) this.invalid(path, value, message);
  }

  notSupported(path: Path, value: unknown, supported: readonly string[]): void {
    this.errors.push(fieldErrors.notSupported(at(path), value, supported));
  }

  duplicate(path: Path, value: unknown, detail = ''): void {
    this.errors.push({ ...fieldErrors.duplicate(at(path), value), detail });
  }

  forbidden(path: Path, detail: string): void {
    this.errors.push(fieldErrors.forbidden(at(path), detail));
  }

  notFound(path: Path, value: unknown, detail = ''): void {
    this.errors.push({ ...fieldErrors.notFound(at(path), value), detail });
  }

  tooLong(path: Path, value: unknown, max: number): void {
    this.errors.push(fieldErrors.tooLong(at(path), value, max));
  }

  tooMany(path: Path, actual: number, max: number): void {
    this.errors.push(fieldErrors.tooMany(at(path), actual, max));
  }

  internal(path: Path, message: string): void {
    this.errors.push(fieldErrors.internal(at(path), message));
  }

  append(other: ErrorList): void {
    this.errors.push(...other.errors);
  }
}

function at(path: Path): FieldPath {
  return FieldPath.root(path.toString());
}
