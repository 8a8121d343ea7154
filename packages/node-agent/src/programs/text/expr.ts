/**
 * `expr`
 */
import { RE2JS } from 're2js';
import { applet } from '../support/applet.ts';
import { UsageError } from '../support/command-line.ts';
import { re2Source } from './regular-expression.ts';

const LEVELS: readonly (readonly string[])[] = [
  ['|'],
  ['&'],
  ['=', '==', '!=', '<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/', '%'],
  [':'],
];

export const expr = applet(async (process, args) => {
  const value = new Expression(args[0] === '--' ? args.slice(1) : args).evaluate();
  await process.print(`${value}\n`);
  return isNothing(value) ? 1 : 0;
});

function isNothing(value: string): boolean {
  return value === '' || /^-?0+$/.test(value);
}

class Expression {
  #at = 0;

  constructor(private readonly words: readonly string[]) {}

  evaluate(): string {
    const value = this.#level(0);
    if (this.#at < this.words.length) throw new UsageError('syntax error', 2);
    return value;
  }

  #level(level: number): string {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#primary();
    let left = this.#level(level + 1);
    for (let word = this.words[this.#at]; word !== undefined && operators.includes(word); word = this.words[this.#at]) {
      this.#at++;
      left = compute(word, left, this.#level(level + 1));
    }
    return left;
  }

  #primary(): string {
    const word = this.words[this.#at++];
    if (word === undefined) throw new UsageError('syntax error', 2);
    if (word === '(') {
      const value = this.#level(0);
      if (this.words[this.#at++] !== ')') throw new UsageError('syntax error', 2);
      return value;
    }
    const [first, second, third] = [this.words[this.#at], this.words[this.#at + 1], this.words[this.#at + 2]];
    if (word === 'length' && first !== undefined) {
      this.#at++;
      return String([...first].length);
    }
    if (word === 'match' && second !== undefined) {
      this.#at += 2;
      return matched(first ?? '', second);
    }
    if (word === 'index' && second !== undefined) {
      this.#at += 2;
      return String([...(first ?? '')].findIndex((char) => second.includes(char)) + 1);
    }
    if (word === 'substr' && third !== undefined) {
      this.#at += 3;
      return (first ?? '').slice(Math.max(0, Number(second) - 1), Number(second) - 1 + Number(third));
    }
    return word;
  }
}

function compute(operator: string, left: string, right: string): string {
  switch (operator) {
    case '|':
      return isNothing(left) ? right : left;
    case '&':
      return isNothing(left) || isNothing(right) ? '0' : left;
    case ':':
      return matched(left, right);
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return calculate(operator, left, right);
    default:
      return compared(operator, left, right) ? '1' : '0';
  }
}

function calculate(operator: string, left: string, right: string): string {
  if (![left, right].every((text) => /^-?[0-9]+$/.test(text))) throw new UsageError('non-integer argument', 2);
  const [a, b] = [BigInt(left), BigInt(right)];
  if (b === 0n && '/%'.includes(operator)) throw new UsageError('division by zero', 2);
  const value =
    operator === '+' ? a + b : operator === '-' ? a - b : operator === '*' ? a * b : operator === '/' ? a / b : a % b;
  return String(BigInt.asIntN(64, value));
}

function compared(operator: string, left: string, right: string): boolean {
  const numbers = [left, right].every((text) => /^-?[0-9]+$/.test(text));
  const [a, b] = numbers ? [BigInt(left), BigInt(right)] : [left, right];
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    case '!=':
      return a !== b;
    default:
      return a === b;
  }
}

/** The group that matched, or how many characters did. */
function matched(text: string, pattern: string): string {
  const matcher = RE2JS.compile(`^(?:${re2Source(pattern.replace(/^\^/, ''), 'basic')})`).matcher(text);
  const found = matcher.find();
  if (matcher.groupCount() > 0) return found ? (matcher.group(1) ?? '') : '';
  return found ? String([...(matcher.group() ?? '')].length) : '0';
}
