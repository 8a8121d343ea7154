/**
 * What both kinds of policies do with their expressions: compile them, noting what is wrong where; variables, each seen by those
 * after it (upstream: plugin/cel/{compile,composition}.go).
 */
import type { Variable } from '@regatta/api';
import {
  type CelEnvironment,
  type CelType,
  CompileError,
  type CostMeter,
  compileCel,
  DYN,
  type FieldType,
  MapValue,
  type Program,
  typeText,
  type Value,
} from '@regatta/cel';
import { admissionEnvironment, type EnvironmentParts } from './expressions.ts';

/** An expression that doesn't compile: where it stands in the spec, and why. */
export interface ExpressionProblem {
  readonly path: readonly (string | number)[];
  readonly expression: string;
  readonly message: string;
}

export type ProblemPath = ExpressionProblem['path'];

/** @param wanted the types that the result may have; any unless told */
export function compileExpression(
  expression: string | undefined,
  environment: CelEnvironment,
  path: ProblemPath,
  problems: ExpressionProblem[],
  wanted?: readonly string[],
): Program | undefined {
  if (!expression?.trim()) return undefined;
  try {
    const program = compileCel(expression, environment);
    const given = outputText(program.type);
    if (!wanted || wanted.includes(given)) return program;
    const types = wanted.length === 1 ? wanted[0] : `one of [${wanted.join(' ')}]`;
    problems.push({ path, expression, message: `must evaluate to ${types} but got ${given}` });
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    problems.push({ path, expression, message: `compilation failed: ${error.message}` });
  }
  return undefined;
}

function outputText(type: CelType): string {
  return type.kind === 'null_type' ? 'null_type' : typeText(type);
}

export class PolicyVariables {
  readonly #programs: ReadonlyMap<string, Program | undefined>;
  readonly #type: CelType | undefined;
  readonly #parts: EnvironmentParts;

  constructor(variables: readonly Variable[] | undefined, parts: EnvironmentParts, problems: ExpressionProblem[]) {
    this.#parts = parts;
    const fields = new Map<string, FieldType>();
    this.#type = variables?.length ? { kind: 'object', name: 'kubernetes.variables', fields } : undefined;
    const programs = new Map<string, Program | undefined>();
    for (const [i, { name, expression }] of (variables ?? []).entries()) {
      const program = compileExpression(expression, this.environment(), ['variables', i, 'expression'], problems);
      // One that doesn't compile is told once, not by everything that names it.
      if (expression?.trim()) fields.set(name, { jsonName: name, type: program?.type ?? DYN });
      programs.set(name, program);
    }
    this.#programs = programs;
  }

  /** Of expressions that see all variables that there are by now. */
  environment(more: EnvironmentParts = {}): CelEnvironment {
    return admissionEnvironment({ ...this.#parts, ...more, ...(this.#type ? { variables: this.#type } : {}) });
  }

  /** The values of a request, with those of the variables: each is evaluated when it is first asked for, and once. */
  values(values: readonly Value[], budget: CostMeter): Value[] {
    const known = new Map<string, Value>();
    const rest = values.slice(0, -1);
    const variables: MapValue = MapValue.lazy([...this.#programs.keys()], (name) => {
      const found = known.get(name);
      if (found !== undefined) return found;
      const value = this.#programs.get(name)?.evaluate([...rest, variables], budget);
      if (value !== undefined) known.set(name, value);
      return value;
    });
    return [...rest, variables];
  }
}
