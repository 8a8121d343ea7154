/**
 * Literals that can't be what a function takes are told when an expression is compiled
 * (upstream: ValidateDurationLiterals, ValidateTimestampLiterals, ValidateRegexLiterals of github.com/google/cel-go/cel/validator.go).
 */
import type { Expr } from './ast.ts';
import { EvaluationError, type Issue } from './cel-error.ts';
import { patternProblem } from './safe-pattern.ts';
import { parseGoDuration, Timestamp } from './values.ts';

function reads(read: (text: string) => unknown): (text: string) => boolean {
  return (text) => {
    try {
      read(text);
      return true;
    } catch (error) {
      if (error instanceof EvaluationError) return false;
      throw error;
    }
  };
}

/** By function; each looks at the last argument. */
const CHECKS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['duration', reads(parseGoDuration)],
  ['timestamp', reads(Timestamp.parse)],
  ['matches', (text: string) => patternProblem(text) === undefined],
]);

/** Undefined for what is fine, or known only later. */
export function literalProblem(name: string, args: readonly Expr[]): Issue | undefined {
  const fits = CHECKS.get(name);
  const last = args.at(-1);
  if (!fits || last?.kind !== 'literal' || typeof last.value !== 'string' || fits(last.value)) return undefined;
  return { at: last.at, message: `invalid ${name} argument` };
}
