/**
 * What schemas ask of numbers (upstream: numberValidator of k8s.io/kube-openapi/pkg/validation/validate).
 *
 * A bound that is not of the schema's own type is told as an error without a place, as upstream tells it.
 */
import type { Check, Findings } from './schema-validator.ts';
import type { Structural } from './structural.ts';

interface Range {
  readonly min: number;
  readonly max: number;
}

const INT32: Range = { min: -(2 ** 31), max: 2 ** 31 - 1 };
const INT64: Range = { min: -(2 ** 63), max: 2 ** 63 };

export function compileNumber(schema: Structural): Check | undefined {
  const { type, format, minimum, maximum, multipleOf } = schema;
  const isInteger = type === 'integer';
  const range = isInteger ? (format === 'int32' ? INT32 : INT64) : undefined;
  if (minimum === undefined && maximum === undefined && multipleOf === undefined && !range) return undefined;
  const words = isInteger ? `integer ${rangeWords(format)}` : '';
  const wrongBounds = isInteger ? wrongBoundaries(schema, words) : [];
  return (value, _old, found) => {
    if (typeof value !== 'number') return;
    if (range && Number.isInteger(value) && (value < range.min || value > range.max)) {
      found.placeless(`Checked value must be of type ${words} in ${found.where}`);
    }
    for (const problem of wrongBounds) found.placeless(`${problem} in ${found.where}`);
    if (multipleOf !== undefined && !isMultiple(value, multipleOf)) {
      found.invalid(value, `should be a multiple of ${multipleOf}`);
    }
    checkBounds(schema, value, found);
  };
}

function checkBounds(schema: Structural, value: number, found: Findings): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    found.invalid(value, `should be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    found.invalid(value, `should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  }
}

function rangeWords(format: string | undefined): string {
  return format === 'int32' || format === 'int64' ? `with format ${format}` : '(default format)';
}

function wrongBoundaries({ minimum, maximum, multipleOf }: Structural, words: string): string[] {
  const isWrong = (bound: number | undefined): boolean => bound !== undefined && !Number.isInteger(bound);
  return [
    ...(isWrong(multipleOf) ? [`MultipleOf value must be of type ${words}`] : []),
    ...(isWrong(maximum) ? [`Maximum boundary value must be of type ${words}`] : []),
    ...(isWrong(minimum) ? [`Minimum boundary value must be of type ${words}`] : []),
  ];
}

function isMultiple(value: number, of: number): boolean {
  const times = value / of;
  return Number.isInteger(times) || Math.abs(times - Math.round(times)) < 1e-9;
}
