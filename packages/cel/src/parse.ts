/**
 * From text to tree, within limits (upstream: Parse of github.com/google/cel-go/parser/parser.go).
 */
import type { Expr } from './ast.ts';
import { CompileError } from './cel-error.ts';
import { lex } from './lexer.ts';
import { Parser } from './parser.ts';
import { TokenStream } from './syntax-recovery.ts';

/** Of an expression's text, in code points. */
const MAX_TEXT = 100_000;
/** Of the tree. */
const MAX_DEPTH = 250;

/** @throws CompileError */
export function parseCel(source: string): Expr {
  const size = source.length > MAX_TEXT ? [...source].length : source.length;
  if (size > MAX_TEXT) {
    const message = `expression code point size exceeds limit: size: ${size}, limit ${MAX_TEXT}`;
    throw new CompileError([{ at: -1, message }], '');
  }
  const { tokens, issues } = lex(source);
  const parser = new Parser(new TokenStream(tokens, issues));
  const expr = parser.whole();
  if (parser.stream.issues.length > 0) throw new CompileError(parser.stream.issues, source);
  if (depthOf(expr, 0) > MAX_DEPTH) {
    throw new CompileError([{ at: -1, message: 'max recursion depth exceeded' }], source);
  }
  return expr;
}

/** How many levels there are; ends when there are too many. */
function depthOf(expr: Expr, above: number): number {
  if (above > MAX_DEPTH) return above;
  let deepest = above + 1;
  for (const inner of partsOf(expr)) {
    deepest = Math.max(deepest, depthOf(inner, above + 1));
    if (deepest > MAX_DEPTH) return deepest;
  }
  return deepest;
}

function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'select':
      return [expr.operand];
    case 'call':
      return expr.target ? [expr.target, ...expr.args] : expr.args;
    case 'list':
      return expr.items.map(({ value }) => value);
    case 'map':
      return expr.entries.flatMap(({ key, value }) => [key, value]);
    case 'struct':
      return expr.fields.map(({ value }) => value);
    default:
      return [];
  }
}
