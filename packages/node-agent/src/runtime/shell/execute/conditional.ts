/**
 * `[[ … ]]`
 */
import { Pattern } from '../expansion/pattern.ts';
import { CommandError } from '../shell-error.ts';
import type { Condition, Word } from '../syntax/ast.ts';
import { binaryTest, unaryTest } from './file-tests.ts';
import type { Shell } from './shell.ts';

export async function evaluateCondition(shell: Shell, condition: Condition): Promise<boolean> {
  switch (condition.kind) {
    case 'word':
      return (await shell.expander.text(condition.word)) !== '';
    case 'not':
      return !(await evaluateCondition(shell, condition.operand));
    case 'and':
      return (await evaluateCondition(shell, condition.left)) && (await evaluateCondition(shell, condition.right));
    case 'or':
      return (await evaluateCondition(shell, condition.left)) || (await evaluateCondition(shell, condition.right));
    case 'unary':
      return unaryTest(shell, condition.operator, await shell.expander.text(condition.operand));
    case 'binary':
      return binary(shell, condition.operator, condition.left, condition.right);
  }
}

async function binary(shell: Shell, operator: string, left: Word, right: Word): Promise<boolean> {
  const value = await shell.expander.text(left);
  if (operator === '=' || operator === '==' || operator === '!=') {
    const pattern = new Pattern(await shell.expander.pattern(right), true);
    return pattern.matches(value) === (operator !== '!=');
  }
  if (operator === '=~') return matchesExpression(shell, value, right);
  const other = await shell.expander.text(right);
  if (/^-(?:eq|ne|lt|le|gt|ge)$/.test(operator)) {
    return compare(operator, shell.arithmetic(value), shell.arithmetic(other));
  }
  return binaryTest(shell, operator, value, other);
}

export function compare(operator: string, left: bigint, right: bigint): boolean {
  switch (operator) {
    case '-eq':
      return left === right;
    case '-ne':
      return left !== right;
    case '-lt':
      return left < right;
    case '-le':
      return left <= right;
    case '-gt':
      return left > right;
    default:
      return left >= right;
  }
}

/** Longer texts are not looked at: a regular expression could hang the agent. */
const LONGEST_SUBJECT = 64 * 1024;

async function matchesExpression(shell: Shell, value: string, right: Word): Promise<boolean> {
  const source = await expressionSource(shell, right);
  if (value.length > LONGEST_SUBJECT) throw new CommandError('=~: the text is too long', 2);
  let match: RegExpExecArray | null;
  try {
    match = new RegExp(source).exec(value);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
  if (shell.dialect === 'bash') {
    shell.state.variables.setArray('BASH_REMATCH', new Map((match ?? []).map((text, i) => [i, text ?? ''])));
  }
  return match !== null;
}

/** Quoted parts stand for themselves; POSIX's classes become JavaScript's. */
async function expressionSource(shell: Shell, word: Word): Promise<string> {
  let source = '';
  for (const part of word.parts) {
    const text = await shell.expander.text({ parts: [part] });
    source += part.kind === 'quoted' || part.kind === 'double' ? text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&') : text;
  }
  return source.replace(/\[:([a-z]+):\]/g, (whole, name: string) => CLASSES[name] ?? whole);
}

const CLASSES: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9A-Fa-f',
};
