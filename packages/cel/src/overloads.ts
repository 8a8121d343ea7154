/**
 * Functions by name, each with its overloads: what they take, what they give, what they cost
 * (upstream: github.com/google/cel-go/common/decls, checker/cost.go, interpreter/runtimecost.go, and the CallCost of
 * k8s.io/apiserver/pkg/cel/library/cost.go).
 */
import { accepts, type Bindings, bind, type CelType } from './types.ts';
import type { Value } from './values.ts';

export interface Overload {
  /** Called on its first parameter: `a.f(b)`. */
  readonly member: boolean;
  readonly params: readonly CelType[];
  readonly result: CelType;
  /** @throws EvaluationError */
  readonly call: (args: readonly Value[]) => Value;
  /** Of one call, from the sizes of the arguments; 1 unless told. The same function estimates and measures. */
  readonly cost?: (sizes: readonly number[]) => number;
  /** The largest size of the result; from its type unless told. */
  readonly resultSize?: (sizes: readonly number[]) => number;
}

export type FunctionTable = ReadonlyMap<string, readonly Overload[]>;

/** What a library adds. */
export type Library = readonly (readonly [name: string, overload: Overload])[];

export function functionTable(libraries: readonly Library[]): FunctionTable {
  const table = new Map<string, Overload[]>();
  for (const [name, overload] of libraries.flat()) {
    const known = table.get(name);
    if (known) known.push(overload);
    else table.set(name, [overload]);
  }
  return table;
}

export interface Resolved {
  /** One when the types tell; several are tried in turn by the values. */
  readonly overloads: readonly Overload[];
  readonly result: CelType;
}

/** Undefined when no overload takes these types. */
export function resolve(
  candidates: readonly Overload[],
  member: boolean,
  given: readonly CelType[],
): Resolved | undefined {
  const fitting: Overload[] = [];
  const results: CelType[] = [];
  for (const overload of candidates) {
    if (overload.member !== member || overload.params.length !== given.length) continue;
    const bindings: Bindings = new Map();
    if (!overload.params.every((param, i) => accepts(param, given[i] ?? param, bindings))) continue;
    fitting.push(overload);
    results.push(bind(overload.result, bindings));
  }
  const [first] = results;
  if (!first) return undefined;
  const same = results.every((result) => accepts(first, result, new Map()) && result.kind === first.kind);
  return { overloads: fitting, result: same ? first : { kind: 'dyn' } };
}

const BYTES_PER_STEP = 0.1;

/** Cost of looking at every character of these arguments. */
export function traversal(...which: readonly number[]): (sizes: readonly number[]) => number {
  return (sizes) => Math.max(1, Math.ceil(which.reduce((sum, i) => sum + (sizes[i] ?? 0), 0) * BYTES_PER_STEP));
}

/** Cost of looking at a number of characters. */
export function traversed(size: number): number {
  return Math.ceil(size * BYTES_PER_STEP);
}

export function method(
  name: string,
  params: readonly CelType[],
  result: CelType,
  call: Overload['call'],
  more: Pick<Overload, 'cost' | 'resultSize'> = {},
): readonly [string, Overload] {
  return [name, { member: true, params, result, call, ...more }];
}

export function fn(
  name: string,
  params: readonly CelType[],
  result: CelType,
  call: Overload['call'],
  more: Pick<Overload, 'cost' | 'resultSize'> = {},
): readonly [string, Overload] {
  return [name, { member: false, params, result, call, ...more }];
}
