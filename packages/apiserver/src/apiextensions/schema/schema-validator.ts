/**
 * Validation of values against a structural schema, compiled once per schema, in upstream's words
 * (upstream: k8s.io/kube-openapi/pkg/validation/validate, whose errors apiextensions-apiserver/pkg/apiserver/validation
 * turns into field errors).
 *
 * Invariants: values are never changed; a value that stands as it stood before is not looked at again (ratcheting).
 */
import { type FieldError, isJsonObject, jsonEqual } from '@regatta/api';
import { isUnchanged, oldItems, oldMember } from './correlate.ts';
import { compileNumber } from './number-rules.ts';
import { pathText } from './prune.ts';
import { compileString } from './string-rules.ts';
import {
  additionalOf,
  allowsNull,
  isIntOrString,
  isSchema,
  itemsOf,
  propertiesOf,
  type Structural,
} from './structural.ts';

/** What a validation has found so far, and where it stands. */
export class Findings {
  readonly errors: FieldError[] = [];
  readonly path: (string | number)[] = [];

  get where(): string {
    return pathText(this.path);
  }

  /** A finding about the value here; `why` follows its path in the message. */
  invalid(badValue: unknown, why: string): void {
    this.errors.push({ type: 'invalid', field: this.#field, badValue, detail: `${this.where} in body ${why}` });
  }

  wrongType(wanted: string, given: string): void {
    const detail = `${this.where} in body must be of type ${wanted}: ${JSON.stringify(given)}`;
    this.errors.push({ type: 'type-invalid', field: this.#field, badValue: given, detail });
  }

  add(type: FieldError['type'], badValue: unknown, detail: string): void {
    this.errors.push({ type, field: this.#field, badValue, detail });
  }

  required(name: string): void {
    this.errors.push({ type: 'required', field: pathText([...this.path, name]), detail: '' });
  }

  /** A finding that upstream tells without its place. */
  placeless(message: string): void {
    this.errors.push({ type: 'invalid', field: '<nil>', badValue: '', detail: message });
  }

  below(part: string | number, check: () => void): void {
    this.path.push(part);
    check();
    this.path.pop();
  }

  get #field(): string {
    return this.path.length === 0 ? '<nil>' : this.where;
  }
}

/** @param old the value before, undefined for a new one */
export type Check = (value: unknown, old: unknown, found: Findings) => void;

/** A schema as a function. */
export function compileValidator(schema: Structural): Check {
  const checks = [
    compileType(schema),
    compileAlternatives(schema),
    compileString(schema),
    compileNumber(schema),
    compileList(schema),
    compileEnum(schema),
    compileObject(schema),
  ].filter((check) => check !== undefined);
  if (checks.length === 1 && checks[0]) return ratcheting(checks[0]);
  return ratcheting((value, old, found) => {
    for (const check of checks) check(value, old, found);
  });
}

function ratcheting(check: Check): Check {
  return (value, old, found) => {
    if (!isUnchanged(value, old)) check(value, old, found);
  };
}

/** How messages name what a JSON value is. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function compileType(schema: Structural): Check | undefined {
  const types = isIntOrString(schema) ? ['integer', 'string'] : schema.type ? [schema.type] : [];
  if (types.length === 0) return undefined;
  const wanted = types.join(',');
  const isNullable = allowsNull(schema);
  const takesNumbers = types.includes('number');
  return (value, _old, found) => {
    if (value === null) {
      if (!isNullable) found.wrongType(wanted, 'null');
      return;
    }
    const given = typeName(value);
    if (types.includes(given) || (takesNumbers && given === 'integer')) return;
    found.wrongType(wanted, given);
  };
}

/** How many errors a value has under a schema by itself. */
function errorsUnder(check: Check, value: unknown, found: Findings): FieldError[] {
  const own = new Findings();
  own.path.push(...found.path);
  check(value, undefined, own);
  return own.errors;
}

function compileAlternatives({ allOf, anyOf, oneOf, not }: Structural): Check | undefined {
  if (!allOf && !anyOf && !oneOf && !not) return undefined;
  const [all, any, one] = [allOf, anyOf, oneOf].map((schemas) => schemas?.map(compileValidator) ?? []);
  const none = not && compileValidator(not);
  return (value, _old, found) => {
    if (any?.length) checkAny(any, value, found);
    if (one?.length) checkOne(one, value, found);
    if (all?.length) checkAll(all, value, found);
    if (none && errorsUnder(none, value, found).length === 0) {
      found.placeless(`${JSON.stringify(found.where)} must not validate the schema (not)`);
    }
  };
}

function checkAny(checks: readonly Check[], value: unknown, found: Findings): void {
  const [first, ...rest] = checks.map((check) => errorsUnder(check, value, found));
  const results = [first ?? [], ...rest];
  if (results.some((errors) => errors.length === 0)) return;
  found.placeless(`${JSON.stringify(found.where)} must validate at least one schema (anyOf)`);
  found.errors.push(...fewest(results));
}

function checkOne(checks: readonly Check[], value: unknown, found: Findings): void {
  const results = checks.map((check) => errorsUnder(check, value, found));
  const valid = results.filter((errors) => errors.length === 0).length;
  if (valid === 1) return;
  const many = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
  found.placeless(`${JSON.stringify(found.where)} must validate one and only one schema (oneOf). ${many}`);
  if (valid === 0) found.errors.push(...fewest(results));
}

function checkAll(checks: readonly Check[], value: unknown, found: Findings): void {
  const results = checks.map((check) => errorsUnder(check, value, found));
  for (const errors of results) found.errors.push(...errors);
  const valid = results.filter((errors) => errors.length === 0).length;
  if (valid === results.length) return;
  const none = valid === 0 ? '. None validated' : '';
  found.placeless(`${JSON.stringify(found.where)} must validate all the schemas (allOf)${none}`);
}

/** The alternative that came nearest speaks. */
function fewest(results: readonly FieldError[][]): FieldError[] {
  return results.reduce((best, errors) => (errors.length < best.length ? errors : best));
}

function compileEnum({ enum: allowed }: Structural): Check | undefined {
  if (!allowed || allowed.length === 0) return undefined;
  const texts = allowed.map((value) => JSON.stringify(typeof value === 'string' ? value : JSON.stringify(value)));
  const simple = new Set<unknown>(allowed.filter((value) => typeof value !== 'object' || value === null));
  return (value, _old, found) => {
    if (simple.has(value) || allowed.some((one) => jsonEqual(one, value))) return;
    found.add('not-supported', value, `supported values: ${texts.join(', ')}`);
  };
}

function compileList(schema: Structural): Check | undefined {
  const { minItems, maxItems, uniqueItems } = schema;
  const items = itemsOf(schema);
  const checkItem = items && compileValidator(items);
  if (!checkItem && minItems === undefined && maxItems === undefined && !uniqueItems) return undefined;
  return (value, old, found) => {
    if (!Array.isArray(value)) return;
    if (checkItem) {
      const before = oldItems(schema, old);
      for (const [i, item] of value.entries()) found.below(i, () => checkItem(item, before?.(item), found));
    }
    if (minItems !== undefined && value.length < minItems) {
      found.invalid(value.length, `should have at least ${minItems} items`);
    }
    if (maxItems !== undefined && value.length > maxItems) {
      found.add('too-many', value.length, `must have at most ${maxItems} items`);
    }
    if (uniqueItems && new Set(value.map((item) => JSON.stringify(item))).size < value.length) {
      found.invalid('', "shouldn't contain duplicates");
    }
  };
}

function compileObject(schema: Structural): Check | undefined {
  const { required = [], minProperties, maxProperties } = schema;
  const members = propertiesOf(schema).map(([name, property]) => ({ name, check: compileValidator(property) }));
  const more = additionalOf(schema);
  const checkMore = isSchema(more) ? compileValidator(more) : undefined;
  const counts = minProperties !== undefined || maxProperties !== undefined;
  if (members.length === 0 && !checkMore && required.length === 0 && !counts) return undefined;
  const known = new Set(members.map(({ name }) => name));
  return (value, old, found) => {
    if (!isJsonObject(value)) return;
    if (counts) checkCount(schema, Object.keys(value).length, found);
    if (checkMore) {
      for (const key of Object.keys(value)) {
        if (!known.has(key)) found.below(key, () => checkMore(value[key], oldMember(old, key), found));
      }
    }
    for (const { name, check } of members) {
      if (!Object.hasOwn(value, name)) continue;
      found.path.push(name);
      check(value[name], oldMember(old, name), found);
      found.path.pop();
    }
    for (const name of required) if (!Object.hasOwn(value, name)) found.required(name);
  };
}

function checkCount({ minProperties, maxProperties }: Structural, count: number, found: Findings): void {
  if (minProperties !== undefined && count < minProperties) {
    found.invalid(count, `should have at least ${minProperties} properties`);
  }
  if (maxProperties !== undefined && count > maxProperties) {
    found.add('too-many', count, `must have at most ${maxProperties} items`);
  }
}
