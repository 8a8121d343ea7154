/**
 * The x-kubernetes-validations of a schema as a function of an object and what it was before
 * (upstream: Validator of k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go).
 *
 * Rules of a value come before those of its members. A rule about oldSelf runs only where there is an earlier value to compare
 * with; other rules forgive a value that has not changed. All rules of one object share one budget.
 */
import { type FieldError, isJsonObject } from '@regatta/api';
import {
  type CelType,
  CostError,
  CostMeter,
  EvaluationError,
  fromJson,
  Optional,
  RUNTIME_BUDGET,
  type Value,
} from '@regatta/cel';
import { isUnchanged, oldItems, oldMember } from '../schema/correlate.ts';
import { pathSteps } from '../schema/field-path.ts';
import {
  additionalOf,
  isEmbeddedResource,
  isSchema,
  itemsOf,
  propertiesOf,
  type Structural,
} from '../schema/structural.ts';
import { type CompiledRule, compileRule } from './compile-rule.ts';
import { declType } from './decl-type.ts';

export interface Rules {
  check(value: unknown, old: unknown): FieldError[];
}

interface Run {
  readonly errors: FieldError[];
  readonly budget: CostMeter;
  /** The budget is used up: nothing more is looked at. */
  ended: boolean;
}

type Check = (value: unknown, old: unknown, path: string, run: Run) => void;

/** Undefined when the schema has no rules. */
export function compileRules(schema: Structural): Rules | undefined {
  const check = compileNode(schema, true);
  return (
    check && {
      check: (value, old) => {
        const run: Run = { errors: [], budget: new CostMeter(RUNTIME_BUDGET), ended: false };
        check(value, old, '', run);
        return run.errors;
      },
    }
  );
}

function compileNode(schema: Structural, isRoot: boolean): Check | undefined {
  const own = compileOwn(schema, isRoot);
  const below = compileBelow(schema);
  if (!own || !below) return own ?? below;
  return (value, old, path, run) => {
    own(value, old, path, run);
    below(value, old, path, run);
  };
}

function compileOwn(schema: Structural, isRoot: boolean): Check | undefined {
  const rules = schema['x-kubernetes-validations'];
  const type = rules?.length ? declType(schema, isRoot || isEmbeddedResource(schema)) : undefined;
  if (!rules || !type) return undefined;
  const compiled = rules.map((rule) => compileRule(rule, type));
  return (value, old, path, run) => {
    if (value === null || run.ended) return;
    const unchanged = isUnchanged(value, old);
    const self = fromJson(value, type);
    const before = old === undefined || old === null ? undefined : fromJson(old, type);
    for (const rule of compiled) {
      if (run.ended) return;
      if (unchanged && !rule.usesOldSelf) continue;
      if (rule.usesOldSelf && before === undefined && !rule.rule.optionalOldSelf) continue;
      checkRule({ schema, rule, type, path, value }, [self, oldValue(rule, before)], run);
    }
  };
}

function oldValue({ rule }: CompiledRule, before: Value | undefined): Value {
  if (!rule.optionalOldSelf) return before ?? null;
  return before === undefined ? Optional.none : Optional.of(before);
}

interface Place {
  readonly schema: Structural;
  readonly rule: CompiledRule;
  readonly type: CelType;
  readonly path: string;
  readonly value: unknown;
}

function checkRule(place: Place, values: readonly Value[], run: Run): void {
  const { rule, schema, path } = place;
  const field = path === '' ? '<nil>' : path;
  const refuse = (detail: string): void => {
    run.errors.push({ type: 'invalid', field, badValue: schema.type ?? '', detail });
  };
  if (!rule.program) {
    refuse(`rule compile error: ${rule.problem ?? ''}`);
    return;
  }
  try {
    if (rule.program.evaluate(values, run.budget) !== true) run.errors.push(violation(place, values, run));
  } catch (error) {
    if (error instanceof CostError) {
      run.ended = true;
      if (run.budget.left <= 0)
        refuse('validation failed due to running out of cost budget, no further validation rules will be run');
      else
        refuse(
          `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${rule.rule.rule.trim()}`,
        );
    } else if (error instanceof EvaluationError) refuse(evaluationProblem(error, rule));
    else throw error;
  }
}

function evaluationProblem({ message }: EvaluationError, { rule }: CompiledRule): string {
  const text = rule.rule.trim();
  if (!message.startsWith('no such overload')) return `${message} evaluating rule: ${text}`;
  return `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${text}`;
}

const REASONS: Readonly<Record<string, FieldError['type']>> = {
  FieldValueRequired: 'required',
  FieldValueForbidden: 'forbidden',
  FieldValueDuplicate: 'duplicate',
  FieldValueInvalid: 'invalid',
};

function violation(place: Place, values: readonly Value[], run: Run): FieldError {
  const { rule, schema, path, value } = place;
  const { reason = 'FieldValueInvalid', fieldPath, message } = rule.rule;
  const detail = wordedMessage(rule, values, run) ?? (message?.trim() || `failed rule: ${rule.rule.rule.trim()}`);
  const field = fieldPath ? joinedPath(path, fieldPath, schema) : path;
  const shown = typeof value === 'object' ? {} : { badValue: value };
  return { type: REASONS[reason] ?? 'invalid', field: field === '' ? '<nil>' : field, detail, ...shown };
}

/** What messageExpression says; undefined when it says nothing usable. */
function wordedMessage({ message }: CompiledRule, values: readonly Value[], run: Run): string | undefined {
  if (!message) return undefined;
  try {
    const text = message.evaluate(values, run.budget);
    if (typeof text !== 'string' || text.trim() === '' || /[\n\r]/.test(text)) return undefined;
    return text.trim();
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof CostError) return undefined;
    throw error;
  }
}

function joinedPath(path: string, fieldPath: string, schema: Structural): string {
  const steps = pathSteps(fieldPath, schema, true);
  if (steps instanceof Error) return path;
  return steps.reduce((at, { name }) => member(at, name), path);
}

function member(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function compileBelow(schema: Structural): Check | undefined {
  const items = itemsOf(schema);
  const inItem = items && compileNode(items, false);
  const members = propertiesOf(schema).flatMap(([name, property]) => {
    const check = compileNode(property, false);
    return check ? [{ name, check }] : [];
  });
  const more = additionalOf(schema);
  const inMore = isSchema(more) ? compileNode(more, false) : undefined;
  if (!inItem && members.length === 0 && !inMore) return undefined;
  const known = new Set(Object.keys(schema.properties ?? {}));
  return (value, old, path, run) => {
    if (Array.isArray(value) && inItem) {
      const before = oldItems(schema, old);
      for (const [i, item] of value.entries()) inItem(item, before?.(item), `${path}[${i}]`, run);
    }
    if (!isJsonObject(value)) return;
    for (const { name, check } of members) {
      if (Object.hasOwn(value, name)) check(value[name], oldMember(old, name), member(path, name), run);
    }
    if (!inMore) return;
    for (const key of Object.keys(value)) {
      if (!known.has(key)) inMore(value[key], oldMember(old, key), `${path}[${key}]`, run);
    }
  };
}
