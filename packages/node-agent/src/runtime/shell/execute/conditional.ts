/**
 * `[[ … ]]`
 */
import { re2Source } from '../../../programs/text/regular-expression.ts';
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

/** By an engine whose time is linear in the text: a script's expression can't hang the agent. */
async function matchesExpression(shell: Shell, value: string, right: Word): Promise<boolean> {
  const { RE2JS } = await import('re2js');
  const source = await expressionSource(shell, right);
  let match: readonly (string | null)[] | undefined;
  try {
    const matcher = RE2JS.compile(source).matcher(value);
    if (matcher.find()) match = Array.from({ length: matcher.groupCount() + 1 }, (_, i) => matcher.group(i));
  } catch (error) {
    throw new CommandError(`${source}: ${error instanceof Error ? error.message : error}`, 2);
  }
  if (shell.dialect === 'bash') {
    shell.state.variables.setArray('BASH_REMATCH', new Map((match ?? []).map((text, i) => [i, text ?? ''])));
  }
  return match !== undefined;
}

/** Quoted parts stand for themselves. */
async function expressionSource(shell: Shell, word: Word): Promise<string> {
  let source = '';
  for (const part of word.parts) {
    const text = await shell.expander.text({ parts: [part] });
    source += part.kind === 'quoted' || part.kind === 'double' ? text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&') : text;
  }
  return re2Source(source, 'extended');
}
