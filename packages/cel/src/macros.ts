/**
 * `has`, the comprehensions with one and with two variables, `cel.bind`, and those of optional values
 * (upstream: github.com/google/cel-go/parser/macro.go, ext/{comprehensions,bindings}.go).
 *
 * Costs are those of the loops that upstream expands these to: for each item a condition and a step around what the expression says.
 */
import type { Expr } from './ast.ts';
import { EvaluationError, noSuchOverload } from './cel-error.ts';
import { type Code, type Frame, times } from './code.ts';
import type { Compiler } from './compiler.ts';
import { compareValues } from './libraries/numbers.ts';
import { memberOf } from './lookups.ts';
import { accepts, BOOL, type CelType, DYN, INT, listOf, mapOf, optionalOf } from './types.ts';
import { keyText, ListValue, MapValue, Optional, type Value } from './values.ts';

type Call = Extract<Expr, { kind: 'call' }>;

/** Undefined for what is an ordinary call. */
export function compileMacro(compiler: Compiler, call: Call): Code | undefined {
  const { name, target, args } = call;
  if (!target) return name === 'has' && args.length === 1 ? has(compiler, call) : undefined;
  if (name === 'bind' && target.kind === 'ident' && target.name === 'cel' && args.length === 3) {
    return bind(compiler, call);
  }
  if ((name === 'optMap' || name === 'optFlatMap') && args.length === 2) return optMap(compiler, call, target);
  const loop = LOOPS.get(`${name}/${args.length}`);
  return loop && comprehension(compiler, call, target, loop);
}

function has(compiler: Compiler, { args, at }: Call): Code {
  const [field] = args;
  if (field?.kind !== 'select') return compiler.fail(at, 'invalid argument to has() macro');
  const from = compiler.compile(field.operand);
  if (!compiler.fieldType(from.type, field.field, field.at)) return { type: BOOL, run: () => false, cost: 0, size: 1 };
  const run = (frame: Frame): Value => present(from.run(frame), field.field);
  return { type: BOOL, run, cost: from.cost, size: 1 };
}

function present(value: Value, field: string): boolean {
  if (value instanceof Optional) return value.hasValue && present(value.inner, field);
  return memberOf(value, field) !== undefined;
}

function variableName(compiler: Compiler, expr: Expr | undefined): string {
  if (expr?.kind === 'ident') return expr.name;
  compiler.fail(expr?.at ?? 0, 'argument must be a simple name');
  return '';
}

function bind(compiler: Compiler, { args }: Call): Code {
  const [name, init, body] = args;
  if (!init || !body) throw new TypeError('cel.bind without arguments');
  const value = compiler.compile(init);
  return compiler.scoped(() => {
    const slot = compiler.declare(variableName(compiler, name), value.type);
    const inner = compiler.compile(body);
    const run = (frame: Frame): Value => {
      frame.vars[slot] = value.run(frame);
      return inner.run(frame);
    };
    return { type: inner.type, run, cost: value.cost + inner.cost + LIST_COST, size: inner.size };
  });
}

function optMap(compiler: Compiler, { name, args }: Call, target: Expr): Code {
  const from = compiler.compile(target);
  const flat = name === 'optFlatMap';
  return compiler.scoped(() => {
    const inner = from.type.kind === 'optional' ? from.type.value : DYN;
    const slot = compiler.declare(variableName(compiler, args[0]), inner);
    const body = args[1] ? compiler.compile(args[1]) : compiler.fail(target.at, 'missing argument');
    const run = (frame: Frame): Value => {
      const value = from.run(frame);
      if (!(value instanceof Optional)) throw noSuchOverload();
      if (!value.hasValue) return value;
      frame.vars[slot] = value.inner;
      const result = body.run(frame);
      return flat ? result : Optional.of(result);
    };
    return { type: flat ? body.type : optionalOf(body.type), run, cost: from.cost + body.cost + 2, size: body.size };
  });
}

const LIST_COST = 10;
const MAP_COST = 30;

/** What a loop makes of its items. */
interface Loop {
  /** Names before the expressions: one, or two for index and value, or key and value. */
  readonly variables: 1 | 2;
  /** Before the loop, for each item beside its expressions, and after it. */
  readonly costs: { readonly start: number; readonly each: number; readonly end: number };
  /** How many of the expressions are conditions; they come first. */
  readonly conditions: 0 | 1;
  type(result: CelType, range: CelType): CelType;
  run(items: Iterable<() => void>, codes: readonly Code[], frame: Frame): Value;
}

function truth(code: Code | undefined, frame: Frame): boolean {
  const value = code?.run(frame);
  if (typeof value !== 'boolean') throw noSuchOverload();
  return value;
}

/** Errors count only when nothing decides. */
function quantified(decisive: boolean): Loop['run'] {
  return (items, [condition], frame) => {
    let problem: EvaluationError | undefined;
    for (const next of items) {
      next();
      try {
        if (truth(condition, frame) === decisive) return decisive;
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        problem ??= error;
      }
    }
    if (problem) throw problem;
    return !decisive;
  };
}

function existsOne(items: Iterable<() => void>, [condition]: readonly Code[], frame: Frame): Value {
  let found = 0;
  for (const next of items) {
    next();
    if (truth(condition, frame)) found++;
  }
  return found === 1;
}

function collect(items: Iterable<() => void>, codes: readonly Code[], frame: Frame): Value {
  const made: Value[] = [];
  const condition = codes.length > 1 ? codes[0] : undefined;
  for (const next of items) {
    next();
    if (!condition || truth(condition, frame)) made.push(codes.at(-1)?.run(frame) ?? null);
  }
  return ListValue.of(made);
}

/** Items in the order of their keys; those with equal keys stay as they stood. */
function sortBy(items: Iterable<() => void>, [key, item]: readonly Code[], frame: Frame): Value {
  const keyed: (readonly [key: Value, item: Value])[] = [];
  for (const next of items) {
    next();
    keyed.push([key?.run(frame) ?? null, item?.run(frame) ?? null]);
  }
  return ListValue.of(keyed.sort(([a], [b]) => compareValues(a, b)).map(([, value]) => value));
}

const all: Omit<Loop, 'variables'> = {
  costs: { start: 0, each: 3, end: 1 },
  conditions: 1,
  type: () => BOOL,
  run: quantified(false),
};
const exists: Omit<Loop, 'variables'> = { ...all, costs: { start: 0, each: 4, end: 1 }, run: quantified(true) };
const one: Omit<Loop, 'variables'> = { ...all, costs: { start: 0, each: 2, end: 2 }, run: existsOne };
const list: Omit<Loop, 'variables' | 'conditions'> = {
  costs: { start: LIST_COST, each: LIST_COST + 2, end: 1 },
  type: (result) => listOf(result),
  run: collect,
};

/** Of the entries of a new map the keys stay, or come with each value. */
function transformMap(keyed: boolean): Omit<Loop, 'variables' | 'conditions'> {
  return {
    costs: { start: MAP_COST, each: MAP_COST + 2, end: 1 },
    type: (result, range) =>
      keyed ? result : mapOf(range.kind === 'list' ? INT : range.kind === 'map' ? range.key : DYN, result),
    run: (items, codes, frame) => {
      const made = new Map<string, [Value, Value]>();
      const condition = codes.length > 1 ? codes[0] : undefined;
      for (const next of items) {
        next();
        // Loops inside have keys of their own.
        const key = keyOf(frame);
        if (condition && !truth(condition, frame)) continue;
        const value = codes.at(-1)?.run(frame) ?? null;
        if (keyed) addEntries(made, value);
        else made.set(keyText(key), [key, value]);
      }
      return MapValue.of(made);
    },
  };
}

function addEntries(made: Map<string, [Value, Value]>, value: Value): void {
  if (!(value instanceof MapValue)) throw noSuchOverload();
  for (const key of value.keys()) {
    if (made.has(keyText(key))) throw new EvaluationError(`insert failed: key ${String(key)} already exists`);
    made.set(keyText(key), [key, value.get(key) ?? null]);
  }
}

/** Where a loop with two variables keeps the first of them, for those that make maps. */
const currentKeys = new WeakMap<Frame, Value>();

function keyOf(frame: Frame): Value {
  return currentKeys.get(frame) ?? null;
}

/** By name and number of arguments. */
const LOOPS: ReadonlyMap<string, Loop> = new Map<string, Loop>([
  ['all/2', { ...all, variables: 1 }],
  ['all/3', { ...all, variables: 2 }],
  ['exists/2', { ...exists, variables: 1 }],
  ['exists/3', { ...exists, variables: 2 }],
  ['exists_one/2', { ...one, variables: 1 }],
  ['existsOne/2', { ...one, variables: 1 }],
  ['existsOne/3', { ...one, variables: 2 }],
  ['map/2', { ...list, variables: 1, conditions: 0 }],
  ['map/3', { ...list, variables: 1, conditions: 1 }],
  ['transformList/3', { ...list, variables: 2, conditions: 0 }],
  ['transformList/4', { ...list, variables: 2, conditions: 1 }],
  ['transformMap/3', { ...transformMap(false), variables: 2, conditions: 0 }],
  ['transformMap/4', { ...transformMap(false), variables: 2, conditions: 1 }],
  ['transformMapEntry/3', { ...transformMap(true), variables: 2, conditions: 0 }],
  ['transformMapEntry/4', { ...transformMap(true), variables: 2, conditions: 1 }],
  ['filter/2', { ...list, variables: 1, conditions: 1 }],
  ['sortBy/2', { ...list, variables: 1, conditions: 0, run: sortBy }],
]);

/** The types of the loop's variables. */
function itemTypes(range: CelType, variables: 1 | 2): readonly CelType[] | undefined {
  switch (range.kind) {
    case 'list':
      return variables === 1 ? [range.element] : [INT, range.element];
    case 'map':
      return variables === 1 ? [range.key] : [range.key, range.value];
    case 'dyn':
      return variables === 1 ? [DYN] : [DYN, DYN];
    default:
      return undefined;
  }
}

function comprehension(compiler: Compiler, call: Call, target: Expr, loop: Loop): Code {
  const range = compiler.compile(target);
  const types = itemTypes(range.type, loop.variables);
  if (!types) {
    const text = range.type.kind === 'object' ? range.type.name : range.type.kind;
    return compiler.fail(
      target.at,
      `expression of type '${text}' cannot be range of a comprehension (must be list, map, or dynamic)`,
    );
  }
  const { variables } = loop;
  const names = call.args.slice(0, variables).map((arg) => variableName(compiler, arg));
  return compiler.scoped(() => {
    const slots = names.map((name, i) => compiler.declare(name, types[i] ?? DYN));
    const codes = call.args.slice(variables).map((arg) => compiler.compile(arg));
    const [condition] = codes;
    if (loop.conditions === 1 && condition && !accepts(BOOL, condition.type, new Map())) {
      return compiler.fail(call.args[variables]?.at ?? call.at, `found no matching overload for '${call.name}'`);
    }
    return loopCode(call, loop, range, slots, codes, types);
  });
}

function loopCode(
  call: Call,
  loop: Loop,
  range: Code,
  slots: readonly number[],
  codes: readonly Code[],
  types: readonly CelType[],
): Code {
  const { costs } = loop;
  const keepsItems = call.name === 'filter' || call.name === 'sortBy';
  const [item] = types;
  // Items of the result are what was looked at.
  const kept: Code = { type: item ?? DYN, run: ({ vars }) => vars[slots[0] ?? 0] ?? null, cost: 1, size: 1 };
  const bodies = keepsItems ? [...codes, kept] : codes;
  const run = (frame: Frame): Value => {
    const value = range.run(frame);
    frame.meter.charge(costs.start + costs.end);
    return loop.run(steps(value, slots, frame, costs.each), bodies, frame);
  };
  const each = bodies.reduce((sum, code) => sum + code.cost, costs.each);
  const result = bodies.at(-1)?.type ?? DYN;
  return {
    type: loop.type(result, range.type),
    run,
    cost: range.cost + costs.start + costs.end + times(range.size, each),
    size: loop.type(result, range.type).kind === 'bool' ? 1 : range.size,
  };
}

/** For each item what puts it into its variables. */
function* steps(range: Value, slots: readonly number[], frame: Frame, cost: number): Generator<() => void> {
  const [first = 0, second] = slots;
  for (const [key, value] of itemsOf(range)) {
    yield () => {
      frame.meter.charge(cost);
      if (second === undefined) frame.vars[first] = range instanceof ListValue ? value : key;
      else {
        frame.vars[first] = key;
        frame.vars[second] = value;
        currentKeys.set(frame, key);
      }
    };
  }
}

function* itemsOf(range: Value): Generator<readonly [Value, Value]> {
  if (range instanceof ListValue) {
    for (let i = 0; i < range.size; i++) yield [BigInt(i), range.at(i)];
  } else if (range instanceof MapValue) {
    for (const key of range.keys()) yield [key, range.get(key) ?? null];
  } else throw noSuchOverload();
}
