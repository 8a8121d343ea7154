/**
 * Decoding of scalars: JSON type checks in Go's words, canonical quantities, times and base64.
 * Every decoder gets a value that is not null and returns undefined after reporting a wrong type.
 */
import { ExactNumber } from '../json/exact-number.ts';
import { Quantity, QuantityError } from '../quantity.ts';
import { decodeBase64 } from './base64.ts';
import { DecodeError, type DecodeReport } from './decode-report.ts';
import { parseGoTime } from './go-time.ts';
import type { ScalarKind } from './type-info.ts';

export type ValueDecoder = (value: unknown, report: DecodeReport) => unknown;

/** Go's name of a JSON value's type. */
export function jsonTypeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value instanceof ExactNumber) return 'number';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

export function scalarDecoder(kind: ScalarKind, goType: string): ValueDecoder {
  switch (kind) {
    case 'string':
      return (value, report) => (typeof value === 'string' ? value : wrong(value, report, goType));
    case 'boolean':
      return (value, report) => (typeof value === 'boolean' ? value : wrong(value, report, goType));
    case 'int32':
      return integerDecoder(goType, -(2 ** 31), 2 ** 31 - 1);
    case 'int64':
      return integerDecoder(goType, -(2 ** 63), 2 ** 63);
    case 'double':
      return (value, report) => toDouble(value) ?? wrong(value, report, goType);
    case 'bytes':
      return (value, report) => decodeBytes(value, report, goType);
    case 'quantity':
      return decodeQuantity;
    case 'int-or-string':
      return decodeIntOrString;
    case 'time':
      return (value, report) => parseGoTime(stringForTime(value, report), 'seconds');
    case 'micro-time':
      return (value, report) => parseGoTime(stringForTime(value, report), 'micros');
  }
}

function wrong(value: unknown, report: DecodeReport, goType: string): undefined {
  report.wrongType(jsonTypeName(value), goType);
  return undefined;
}

function toDouble(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return value instanceof ExactNumber ? value.toNumber() : undefined;
}

function integerDecoder(goType: string, min: number, max: number): ValueDecoder {
  return (value, report) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    const exact = value instanceof ExactNumber ? exactInteger(value, min, max) : undefined;
    if (exact !== undefined) return exact;
    const text = numberText(value);
    report.wrongType(text === undefined ? jsonTypeName(value) : `number ${text}`, goType);
    return undefined;
  };
}

function exactInteger({ text }: ExactNumber, min: number, max: number): number | undefined {
  if (!/^-?\d+$/.test(text)) return undefined;
  const value = BigInt(text);
  const low = BigInt(min);
  const high = max === 2 ** 63 ? BigInt(max) - 1n : BigInt(max);
  return value >= low && value <= high ? Number(value) : undefined;
}

function numberText(value: unknown): string | undefined {
  if (value instanceof ExactNumber) return value.text;
  return typeof value === 'number' ? String(value) : undefined;
}

function decodeBytes(value: unknown, report: DecodeReport, goType: string): string | undefined {
  if (Array.isArray(value)) return decodeByteArray(value, report);
  if (typeof value !== 'string') return wrong(value, report, goType);
  const { canonical, corruptAt } = decodeBase64(value);
  if (canonical !== undefined) return canonical;
  report.saveError(new DecodeError('value', `illegal base64 data at input byte ${corruptAt}`));
  return undefined;
}

/** Go also reads bytes from an array of numbers. */
function decodeByteArray(values: readonly unknown[], report: DecodeReport): string | undefined {
  for (const value of values) {
    if (typeof value !== 'number') return wrong(value, report, 'uint8');
    if (!Number.isInteger(value) || value < 0 || value > 255) {
      report.wrongType(`number ${value}`, 'uint8');
      return undefined;
    }
  }
  return Buffer.from(values as number[]).toString('base64');
}

/** Canonical texts of quantities seen: the same few come again and again. */
const QUANTITY_CACHE_LIMIT = 4096;
const quantityCache = new Map<string, string>();

/** @throws DecodeError in upstream's words */
function decodeQuantity(value: unknown): string {
  const text = typeof value === 'string' ? value : (numberText(value) ?? JSON.stringify(value));
  const known = quantityCache.get(text);
  if (known !== undefined) return known;
  const canonical = canonicalQuantity(text.trim());
  if (quantityCache.size >= QUANTITY_CACHE_LIMIT) quantityCache.clear();
  quantityCache.set(text, canonical);
  return canonical;
}

function canonicalQuantity(text: string): string {
  try {
    return Quantity.parse(text).toString();
  } catch (error) {
    if (error instanceof QuantityError) throw new DecodeError('value', error.message);
    throw error;
  }
}

/** A wrong type inside a value with a parser of its own ends the decoding. @throws DecodeError */
function decodeIntOrString(value: unknown, report: DecodeReport): string | number {
  if (typeof value === 'string') return value;
  const number = value instanceof ExactNumber ? exactInteger(value, -(2 ** 31), 2 ** 31 - 1) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= -(2 ** 31) && number < 2 ** 31) return number;
  const text = numberText(value);
  throw report.typeError(text === undefined ? jsonTypeName(value) : `number ${text}`, 'int32');
}

/** @throws DecodeError */
function stringForTime(value: unknown, report: DecodeReport): string {
  if (typeof value === 'string') return value;
  throw report.typeError(jsonTypeName(value), 'string');
}
