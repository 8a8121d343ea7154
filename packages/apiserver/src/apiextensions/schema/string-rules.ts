/**
 * What schemas ask of strings (upstream: stringValidator and formatValidator of k8s.io/kube-openapi/pkg/validation/validate).
 */
import { safePattern } from '@regatta/cel';
import { formatCheck } from './formats.ts';
import type { Check } from './schema-validator.ts';
import type { Structural } from './structural.ts';

export function compileString({ minLength, maxLength, pattern, format, type }: Structural): Check | undefined {
  const isOfFormat = format && (type === undefined || type === 'string') ? formatCheck(format) : undefined;
  if (minLength === undefined && maxLength === undefined && !pattern && !isOfFormat) return undefined;
  const expression = pattern ? safePattern(pattern) : undefined;
  return (value, _old, found) => {
    if (typeof value !== 'string') return;
    // The first of these that doesn't hold is told.
    if (maxLength !== undefined && value.length > maxLength && characters(value) > maxLength) {
      found.add('too-long', value, `may not be more than ${maxLength} bytes`);
    } else if (minLength !== undefined && characters(value) < minLength) {
      found.invalid(value, `should be at least ${minLength} chars long`);
    } else if (expression && !expression.test(value)) {
      found.invalid(value, `should match '${pattern}'`);
    }
    if (isOfFormat && !isOfFormat(value)) found.wrongType(format ?? '', value);
  };
}

/** Unicode code points. */
function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
