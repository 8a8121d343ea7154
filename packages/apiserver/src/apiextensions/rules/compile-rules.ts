/**
 * The x-kubernetes-validations of a schema, compiled.
 */
import type { FieldError } from '@regatta/api';
import type { Structural } from '../schema/structural.ts';

export interface Rules {
  check(value: unknown, old: unknown): FieldError[];
}

/** Undefined when the schema has no rules. */
export function compileRules(_schema: Structural): Rules | undefined {
  return undefined;
}
