/**
 * Checks an expression's types and turns it into closures, in one walk
 * (upstream: github.com/google/cel-go/checker/{checker,cost}.go, interpreter/{interpretable,runtimecost}.go).
 *
 * Costs are upstream's: 1 for each name, selection and ordinary call, 10 for a list, 30 for a map, a tenth of its length for a
 * string that is read; what is measured while it runs uses the same figures as the estimate.
 */
import type { Element, Expr, MapEntry } from './ast.ts';
import { EvaluationError, type Issue, noSuchOverload } from './cel-error.ts';
import type { Code, Frame } from './code.ts';
import { literal } from './constants.ts';
import { literalProblem } from './literal-checks.ts';
import { addElement, indexedType, item, member, optionalItem, optionalMember } from './lookups.ts';
import { compileMacro } from './macros.ts';
import { type FunctionTable, type Overload, resolve, traversed } from './overloads.ts';
import { compileStruct } from './structs.ts';
import {
  accepts,
  BOOL,
  type CelType,
  DYN,
  joined,
  listOf,
  mapOf,
  optionalOf,
  sizeOf,
  TYPE,
  typeText,
} from './types.ts';
import { actualSize, equal, keyText, ListValue, MapValue, TypeValue, type Value } from './values.ts';

const LIST_COST = 10;
const MAP_COST = 30;

/** Types that expressions can name. */
const TYPE_NAMES = ['int', 'uint', 'double', 'bool', 'string', 'bytes', 'list', 'map', 'null_type', 'type'];

/** Types of objects that expressions can make, by name. */
export type StructTypes = (name: string) => Extract<CelType, { kind: 'object' }> | undefined;

interface Variable {
  readonly slot: number;
  readonly type: CelType;
}

export class Compiler {
  readonly issues: Issue[] = [];
  /** Told only when there are no others. */
  readonly lateIssues: Issue[] = [];
  /** Variables that the expression really uses. */
  readonly used = new Set<string>();
  readonly #functions: FunctionTable;
  readonly #scopes: Map<string, Variable>[] = [new Map()];
  #slots = 0;

  constructor(
    functions: FunctionTable,
    variables: Iterable<readonly [string, CelType]>,
    readonly structs: StructTypes = () => undefined,
  ) {
    this.#functions = functions;
    for (const [name, type] of variables) this.declare(name, type);
  }

  /** A variable of the innermost scope; returns its slot. */
  declare(name: string, type: CelType): number {
    const slot = this.#slots++;
    this.#scopes.at(-1)?.set(name, { slot, type });
    return slot;
  }

  scoped<T>(work: () => T): T {
    this.#scopes.push(new Map());
    try {
      return work();
    } finally {
      this.#scopes.pop();
    }
  }

  fail(at: number, message: string): Code {
    this.issues.push({ at, message });
    return { type: DYN, run: () => null, cost: 0, size: 0 };
  }

  compile(expr: Expr): Code {
    switch (expr.kind) {
      case 'literal':
        return literal(expr.value);
      case 'ident':
        return this.#ident(expr);
      case 'select':
        return this.#select(expr);
      case 'list':
        return this.#list(expr.items);
      case 'map':
        return this.#map(expr.entries);
      case 'struct':
        return compileStruct(this, expr);
      case 'call':
        return this.#call(expr);
    }
  }

  isVariable(name: string): boolean {
    return this.#variable(name) !== undefined;
  }

  #variable(name: string): Variable | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const known = this.#scopes[i]?.get(name);
      if (known) return known;
    }
    return undefined;
  }

  #ident({ name, at }: Extract<Expr, { kind: 'ident' }>): Code {
    const variable = this.#variable(name);
    if (!variable) {
      if (!TYPE_NAMES.includes(name)) return this.fail(at, `undeclared reference to '${name}' (in container '')`);
      const value = new TypeValue(name);
      return { type: TYPE, run: () => value, cost: 1, size: 1 };
    }
    this.used.add(name);
    const { slot, type } = variable;
    const run = ({ vars, meter }: Frame): Value => {
      meter.charge(1);
      return vars[slot] ?? null;
    };
    return { type, run, cost: 1, size: sizeOf(type) };
  }

  /** The type of a field; undefined, and an issue told, when there can't be one. */
  fieldType(type: CelType, field: string, at: number): CelType | undefined {
    switch (type.kind) {
      case 'object': {
        const found = type.fields.get(field);
        if (!found) this.fail(at, `undefined field '${field}'`);
        return found?.type;
      }
      case 'map':
        return type.value;
      case 'optional':
        return this.fieldType(type.value, field, at);
      case 'dyn':
        return DYN;
      default:
        this.fail(at, `type '${typeText(type)}' does not support field selection`);
        return undefined;
    }
  }

  #select({ operand, field, optional, at }: Extract<Expr, { kind: 'select' }>): Code {
    // `authorizer.requestResource` is one name.
    const qualified = operand.kind === 'ident' ? `${operand.name}.${field}` : undefined;
    if (qualified !== undefined && this.isVariable(qualified))
      return this.#ident({ kind: 'ident', name: qualified, at });
    const from = this.compile(operand);
    const type = this.fieldType(from.type, field, at);
    if (!type) return { type: DYN, run: () => null, cost: 0, size: 0 };
    const cost = from.cost + 1;
    if (optional || from.type.kind === 'optional') {
      const run = (frame: Frame): Value => {
        const value = from.run(frame);
        frame.meter.charge(1);
        return optionalMember(value, field);
      };
      return { type: optionalOf(type.kind === 'optional' ? type.value : type), run, cost, size: sizeOf(type) };
    }
    const run = (frame: Frame): Value => {
      const value = from.run(frame);
      frame.meter.charge(1);
      return member(value, field);
    };
    return { type, run, cost, size: sizeOf(type) };
  }

  /** A value of a list or map; of an optional one, what it holds. */
  element({ value, optional }: Element): Code {
    const code = this.compile(value);
    if (!optional) return code;
    if (code.type.kind !== 'optional' && code.type.kind !== 'dyn') {
      const given = typeText(code.type);
      return this.fail(value.at, `expected type 'optional_type(${given})' but found '${given}'`);
    }
    return { ...code, type: code.type.kind === 'optional' ? code.type.value : DYN };
  }

  /** Elements of a literal are of one type. */
  #common(types: readonly (readonly [type: CelType, at: number])[]): CelType {
    let common: CelType | undefined;
    for (const [type, at] of types) {
      const both = joined(common, type);
      if (common && both.kind === 'dyn' && common.kind !== 'dyn' && type.kind !== 'dyn') {
        this.fail(at, `expected type '${typeText(common)}' but found '${typeText(type)}'`);
      } else common = both;
    }
    return common ?? DYN;
  }

  #list(items: readonly Element[]): Code {
    const codes = items.map((item) => this.element(item));
    const element = this.#common(codes.map((code, i) => [code.type, items[i]?.value.at ?? 0]));
    const run = (frame: Frame): Value => {
      frame.meter.charge(LIST_COST);
      const made: Value[] = [];
      for (const [i, code] of codes.entries()) addElement(items[i]?.optional === true, code.run(frame), made);
      return ListValue.of(made);
    };
    const cost = LIST_COST + codes.reduce((sum, code) => sum + code.cost, 0);
    return { type: listOf(element, items.length), run, cost, size: items.length };
  }

  #map(entries: readonly MapEntry[]): Code {
    const codes = entries.map((entry) => [this.compile(entry.key), this.element(entry), entry.optional] as const);
    const key = this.#common(codes.map(([code], i) => [code.type, entries[i]?.key.at ?? 0]));
    const value = this.#common(codes.map(([, code], i) => [code.type, entries[i]?.value.at ?? 0]));
    const run = (frame: Frame): Value => {
      frame.meter.charge(MAP_COST);
      const made = new Map<string, [Value, Value]>();
      for (const [keyCode, valueCode, optional] of codes) {
        const name = keyCode.run(frame);
        const values: Value[] = [];
        addElement(optional, valueCode.run(frame), values);
        for (const one of values) made.set(keyText(name), [name, one]);
      }
      return MapValue.of(made);
    };
    const cost = MAP_COST + codes.reduce((sum, [a, b]) => sum + a.cost + b.cost, 0);
    return { type: mapOf(key, value, entries.length), run, cost, size: entries.length };
  }

  #call(expr: Extract<Expr, { kind: 'call' }>): Code {
    const special = compileMacro(this, expr) ?? this.#operator(expr);
    if (special) return special;
    const { target, args, name, at } = expr;
    const qualified = target?.kind === 'ident' && !this.isVariable(target.name) ? `${target.name}.${name}` : undefined;
    if (qualified !== undefined && this.#functions.has(qualified))
      return this.#function(qualified, undefined, args, at);
    return this.#function(name, target, args, at);
  }

  #function(name: string, target: Expr | undefined, args: readonly Expr[], at: number): Code {
    const candidates = this.#functions.get(name);
    const codes = [...(target ? [target] : []), ...args].map((arg) => this.compile(arg));
    if (!candidates) return this.fail(at, `undeclared reference to '${name}' (in container '')`);
    const types = codes.map((code) => code.type);
    const resolved = resolve(candidates, target !== undefined, types);
    if (!resolved) return this.fail(at, noOverload(name, target !== undefined, types));
    const literal = literalProblem(name, args);
    if (literal) this.lateIssues.push(literal);
    const { overloads, result } = resolved;
    const sizes = codes.map((code) => code.size);
    const largest = (of: (overload: Overload) => number): number => Math.max(...overloads.map(of));
    const size = largest((overload) => overload.resultSize?.(sizes) ?? sizeOf(result));
    const cost = codes.reduce((sum, code) => sum + code.cost, 0) + largest((overload) => overload.cost?.(sizes) ?? 1);
    return { type: result, run: callOf(overloads, codes), cost, size };
  }

  /** Operators that look at their arguments in a way of their own. */
  #operator({ name, args, at }: Extract<Expr, { kind: 'call' }>): Code | undefined {
    switch (name) {
      case '_&&_':
      case '_||_':
        return this.#logical(name, args, at);
      case '_?_:_':
        return this.#conditional(args, at);
      case '_==_':
      case '_!=_':
        return this.#equality(name, args, at);
      case '_[_]':
      case '_[?_]':
        return this.#index(name, args, at);
      default:
        return undefined;
    }
  }

  #two(args: readonly Expr[]): readonly [Code, Code] {
    const [a, b] = args.map((arg) => this.compile(arg));
    if (!a || !b) throw new TypeError('an operator without operands');
    return [a, b];
  }

  #logical(name: string, args: readonly Expr[], at: number): Code {
    const [a, b] = this.#two(args);
    for (const { type } of [a, b]) {
      if (!accepts(BOOL, type, new Map())) return this.fail(at, noOverload(name, false, [a.type, b.type]));
    }
    const decisive = name === '_||_';
    const run = (frame: Frame): Value => {
      const first = attempt(a, frame);
      if (first === decisive) return decisive;
      const second = attempt(b, frame);
      if (second === decisive) return decisive;
      if (first instanceof Error) throw first;
      if (second instanceof Error) throw second;
      return !decisive;
    };
    return { type: BOOL, run, cost: a.cost + b.cost, size: 1 };
  }

  #conditional(args: readonly Expr[], at: number): Code {
    const [condition, yes, no] = args.map((arg) => this.compile(arg));
    if (!condition || !yes || !no) throw new TypeError('a conditional without operands');
    const fits = accepts(yes.type, no.type, new Map()) || accepts(no.type, yes.type, new Map());
    if (!accepts(BOOL, condition.type, new Map()) || !fits) {
      return this.fail(at, noOverload('_?_:_', false, [condition.type, yes.type, no.type]));
    }
    const run = (frame: Frame): Value => {
      const decided = condition.run(frame);
      if (typeof decided !== 'boolean') throw noSuchOverload();
      return (decided ? yes : no).run(frame);
    };
    return {
      type: joined(yes.type, no.type),
      run,
      cost: condition.cost + Math.max(yes.cost, no.cost),
      size: Math.max(yes.size, no.size),
    };
  }

  #equality(name: string, args: readonly Expr[], at: number): Code {
    const [a, b] = this.#two(args);
    const isNull = a.type.kind === 'null_type' || b.type.kind === 'null_type';
    const fits = accepts(a.type, b.type, new Map()) || accepts(b.type, a.type, new Map());
    if (!isNull && !fits) return this.fail(at, noOverload(name, false, [a.type, b.type]));
    const wanted = name === '_==_';
    const run = (frame: Frame): Value => {
      const [left, right] = [a.run(frame), b.run(frame)];
      frame.meter.charge(Math.max(1, traversed(Math.min(actualSize(left), actualSize(right)))));
      return equal(left, right) === wanted;
    };
    return { type: BOOL, run, cost: a.cost + b.cost + Math.max(1, traversed(Math.min(a.size, b.size))), size: 1 };
  }

  #index(name: string, args: readonly Expr[], at: number): Code {
    const [from, key] = this.#two(args);
    const type = indexedType(from.type, key.type);
    if (!type) return this.fail(at, noOverload(name, false, [from.type, key.type]));
    const optional = name === '_[?_]' || from.type.kind === 'optional';
    const run = (frame: Frame): Value => {
      const [container, wanted] = [from.run(frame), key.run(frame)];
      frame.meter.charge(1);
      return optional ? optionalItem(container, wanted) : item(container, wanted);
    };
    return { type: optional ? optionalOf(type) : type, run, cost: from.cost + key.cost + 1, size: sizeOf(type) };
  }
}

/** `found no matching overload for '_+_' applied to '(int, string)'`; methods are named on their target. */
function noOverload(name: string, isMember: boolean, types: readonly CelType[]): string {
  const texts = types.map(typeText);
  const applied = isMember ? `${texts[0]}.(${texts.slice(1).join(', ')})` : `(${texts.join(', ')})`;
  return `found no matching overload for '${name}' applied to '${applied}'`;
}

/**
 * Calls the one overload, or, where types are known only now, the first that takes the values. Paid before: what costs too much
 * must not begin.
 */
function callOf(overloads: readonly Overload[], codes: readonly Code[]): (frame: Frame) => Value {
  const costly = overloads.filter(({ cost }) => cost !== undefined);
  return (frame) => {
    const values = codes.map((code) => code.run(frame));
    const sizes = costly.length > 0 ? values.map(actualSize) : [];
    frame.meter.charge(Math.max(1, ...costly.map((overload) => overload.cost?.(sizes) ?? 1)));
    let problem: unknown;
    for (const overload of overloads) {
      try {
        return overload.call(values);
      } catch (error) {
        if (!(error instanceof EvaluationError) || error.message !== 'no such overload') throw error;
        problem = error;
      }
    }
    throw problem;
  };
}

function attempt(code: Code, frame: Frame): boolean | EvaluationError {
  try {
    const value = code.run(frame);
    return typeof value === 'boolean' ? value : noSuchOverload();
  } catch (error) {
    if (error instanceof EvaluationError) return error;
    throw error;
  }
}
