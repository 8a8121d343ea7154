/**
 * Expressions ready to be evaluated.
 *
 * A `CelEnvironment` says which variables there are, and which functions beside those that all have; compiling in it finds every
 * mistake that types show, and the most that an evaluation can cost.
 */
import { CompileError } from './cel-error.ts';
import { CostMeter } from './code.ts';
import { Compiler, type StructTypes } from './compiler.ts';
import { addressesLibrary } from './libraries/addresses.ts';
import { collectionsLibrary } from './libraries/collections.ts';
import { conversionsLibrary } from './libraries/conversions.ts';
import { formatsLibrary } from './libraries/formats.ts';
import { numbersLibrary } from './libraries/numbers.ts';
import { quantitiesLibrary } from './libraries/quantities.ts';
import { stringsLibrary } from './libraries/strings.ts';
import { functionTable, type Library } from './overloads.ts';
import { parseCel } from './parse.ts';
import type { CelType } from './types.ts';
import type { Value } from './values.ts';

/** What every expression in Kubernetes may use. */
const BASE: readonly Library[] = [
  numbersLibrary,
  conversionsLibrary,
  stringsLibrary,
  collectionsLibrary,
  quantitiesLibrary,
  addressesLibrary,
  formatsLibrary,
];
const baseFunctions = functionTable(BASE);

/** Upstream: PerCallLimit, of one expression. */
export const PER_CALL_LIMIT = 1_000_000;
/** Upstream: RuntimeCELCostBudget, of all expressions about one object. */
export const RUNTIME_BUDGET = 10_000_000;

export interface CelEnvironment {
  /** In the order in which `evaluate` takes their values. */
  readonly variables: readonly (readonly [name: string, type: CelType])[];
  readonly libraries?: readonly Library[];
  /** Objects that expressions can make; none unless told. */
  readonly structs?: StructTypes;
}

export interface Program {
  readonly type: CelType;
  /** The most that an evaluation can cost; Infinity when nothing bounds it. */
  readonly maxCost: number;
  uses(variable: string): boolean;
  /** @param budget charged with what it costs @throws EvaluationError, CostError */
  evaluate(values: readonly Value[], budget?: CostMeter): Value;
}

/** @throws CompileError */
export function compileCel(source: string, environment: CelEnvironment): Program {
  const expr = parseCel(source);
  const { libraries } = environment;
  const functions = libraries ? functionTable([...BASE, ...libraries]) : baseFunctions;
  const compiler = new Compiler(functions, environment.variables, environment.structs);
  const code = compiler.compile(expr);
  const issues = compiler.issues.length > 0 ? compiler.issues : compiler.lateIssues;
  if (issues.length > 0) throw new CompileError(issues, source);
  return {
    type: code.type,
    maxCost: code.cost,
    uses: (variable) => compiler.used.has(variable),
    evaluate: (values, budget) => {
      const meter = new CostMeter(Math.min(PER_CALL_LIMIT, budget?.left ?? PER_CALL_LIMIT));
      const before = meter.left;
      try {
        return code.run({ vars: [...values], meter });
      } finally {
        budget?.spend(before - Math.max(0, meter.left));
      }
    },
  };
}
