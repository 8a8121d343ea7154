/**
 * From text to tree: the grammar is the library's, places and names are upstream's.
 */
import { Environment } from '@marcbachmann/cel-js';
import type { Expr, Literal } from './ast.ts';
import { CompileError } from './cel-error.ts';

/** Upstream's limit of an expression's nesting is 250; of its text, in code points, 100,000. */
const MAX_TEXT = 100_000;
const LIMITS = {
  maxAstNodes: 20_000,
  maxDepth: 250,
  maxListElements: 2_000,
  maxMapEntries: 1_000,
  maxCallArguments: 64,
};

/** What the library's tree looks like, as far as it is read here. */
interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly pos: number;
  readonly start: number;
  readonly end: number;
}

const environment = new Environment({
  enableOptionalTypes: true,
  unlistedVariablesAreDyn: true,
  limits: LIMITS,
} as ConstructorParameters<typeof Environment>[0]);

const OPERATORS: Readonly<Record<string, string>> = {
  '==': '_==_',
  '!=': '_!=_',
  in: '@in',
  '+': '_+_',
  '-': '_-_',
  '*': '_*_',
  '/': '_/_',
  '%': '_%_',
  '<': '_<_',
  '<=': '_<=_',
  '>': '_>_',
  '>=': '_>=_',
  '||': '_||_',
  '&&': '_&&_',
};

/** Deeper trees are refused before anything walks them. */
const MAX_DEPTH = 250;

/** @throws CompileError with upstream's wording of syntax errors, as far as it can be told */
export function parseCel(source: string): Expr {
  if (source.length > MAX_TEXT) {
    throw new CompileError(
      [{ at: 0, message: `expression code point size exceeds limit: size: ${source.length}, limit ${MAX_TEXT}` }],
      '',
    );
  }
  return convert(source, libraryTree(source), 0);
}

function libraryTree(source: string): Node {
  try {
    return (environment.parse(source) as unknown as { ast: Node }).ast;
  } catch (error) {
    throw new CompileError([syntaxIssue(error, source)], source);
  }
}

const EXPECTED =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

function syntaxIssue(error: unknown, source: string): { at: number; message: string } {
  const text = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  const { node, range } = (error ?? {}) as { node?: { pos?: number }; range?: { start?: number } };
  const at = node?.pos ?? range?.start ?? source.length;
  if (/EOF/.test(text)) {
    return { at: source.length, message: `Syntax error: mismatched input '<EOF>' expecting ${EXPECTED}` };
  }
  // A member's name is missing.
  if (source[at - 1] === '.') {
    return { at, message: `Syntax error: no viable alternative at input '.${source[at] ?? ''}'` };
  }
  return { at, message: `Syntax error: ${text.charAt(0).toLowerCase()}${text.slice(1)}` };
}

function convert(source: string, node: Node, depth: number): Expr {
  if (depth > MAX_DEPTH)
    throw new CompileError([{ at: node.start, message: 'expression recursion limit exceeded: 250' }], source);
  const { op, args, start } = node;
  const inner = (child: Node): Expr => convert(source, child, depth + 1);
  switch (op) {
    case 'value':
      return { kind: 'literal', value: literal(args, source, node), at: start };
    case 'id':
      return { kind: 'ident', name: String(args), at: start };
    case '.':
    case '.?': {
      const [operand, field] = args as [Node, string];
      const at = source.lastIndexOf('.', node.pos);
      return { kind: 'select', operand: inner(operand), field: unquoted(field), optional: op === '.?', at };
    }
    case 'list':
      return { kind: 'list', items: (args as Node[]).map(inner), at: start };
    case 'map':
      return {
        kind: 'map',
        entries: (args as [Node, Node][]).map(([key, value]) => [inner(key), inner(value)]),
        at: start,
      };
    case 'call': {
      const [name, values] = args as [string, Node[]];
      return call(name, undefined, values.map(inner), after(source, start, '('));
    }
    case 'rcall': {
      const [name, target, values] = args as [string, Node, Node[]];
      const dot = after(source, target.end, '.');
      return call(name, inner(target), values.map(inner), after(source, dot, '('));
    }
    default:
      return operation(source, node, inner);
  }
}

function operation(source: string, { op, args, start }: Node, inner: (child: Node) => Expr): Expr {
  if (op === '!_' || op === '-_') return call(op === '!_' ? '!_' : '-_', undefined, [inner(args as Node)], start);
  const operands = args as Node[];
  const left = operands[0]?.end ?? start;
  if (op === '?:') return call('_?_:_', undefined, operands.map(inner), after(source, left, '?'));
  if (op === '[]' || op === '[?]') {
    const at = after(source, left, '[');
    return call(op === '[]' ? '_[_]' : '_[?_]', undefined, operands.map(inner), at);
  }
  return call(OPERATORS[op] ?? op, undefined, operands.map(inner), after(source, left, op));
}

function call(name: string, target: Expr | undefined, args: readonly Expr[], at: number): Expr {
  return { kind: 'call', name, target, args, at };
}

/** Where a sign stands behind an operand. */
function after(source: string, from: number, sign: string): number {
  const found = source.indexOf(sign, from);
  return found < 0 ? from : found;
}

/** `` a.`b-c` `` */
function unquoted(field: string): string {
  return field.startsWith('`') ? field.slice(1, -1) : field;
}

function literal(value: unknown, source: string, { start, end }: Node): Literal {
  if (typeof value === 'bigint' || typeof value === 'string' || typeof value === 'boolean' || value === null)
    return value;
  if (typeof value === 'number' || value instanceof Uint8Array) return value;
  // What is left is an unsigned integer, which the library wraps.
  return { uint: BigInt(source.slice(start, end).trim().replace(/u$/i, '')) };
}
