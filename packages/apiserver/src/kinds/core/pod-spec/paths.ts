/**
 * Paths inside volumes (upstream: validateLocalDescendingPath, ValidateLocalNonReservedPath of
 * pkg/apis/core/validation/validation.go).
 */
import type { ErrorList } from '../../validation/error-list.ts';
import type { Path } from '../../validation/path.ts';

export function hasBackstep(path: string): boolean {
  return path.includes('..') && path.split('/').includes('..');
}

export function checkNoBacksteps(errors: ErrorList, at: Path, path: string): void {
  if (hasBackstep(path)) errors.invalid(at, path, "must not contain '..'");
}

/** Relative, and never upwards. */
export function checkDescendingPath(errors: ErrorList, at: Path, path: string): void {
  if (path.startsWith('/')) errors.invalid(at, path, 'must be a relative path');
  checkNoBacksteps(errors, at, path);
}

/** Nor one of the names that the atomic writer keeps for itself. */
export function checkLocalPath(errors: ErrorList, at: Path, path: string): void {
  checkDescendingPath(errors, at, path);
  if (path.startsWith('..') && !path.startsWith('../')) errors.invalid(at, path, "must not start with '..'");
}

export function checkFileMode(errors: ErrorList, at: Path, mode: number | undefined): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) {
    errors.invalid(at, mode, 'must be a number between 0 and 0777 (octal), both inclusive');
  }
}
