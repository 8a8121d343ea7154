/**
 * `test` and `[`: POSIX's rules by the number of arguments, then the old grammar with -a and -o.
 */
import { compare } from '../../runtime/shell/execute/conditional.ts';
import { binaryTest, fileTest, type Tester } from '../../runtime/shell/execute/file-tests.ts';

export class TestError extends Error {
  readonly code = 'test';

  constructor(message: string) {
    super(message);
    this.name = 'TestError';
  }
}

export interface TestHost extends Tester {
  /** Tests of a shell's own: -o and -v. */
  own?(operator: string, operand: string): boolean | undefined;
  /** How the shell calls what isn't a number. */
  readonly badNumber: (text: string) => string;
  readonly unknownOperand: (text: string) => string;
}

const UNARY = /^-[abcdefghknoprstuvwxzGLNOS]$/;
const BINARY = /^(?:=|==|!=|<|>|-eq|-ne|-lt|-le|-gt|-ge|-nt|-ot|-ef)$/;

/** @throws TestError */
export function evaluateTest(host: TestHost, args: readonly string[]): boolean {
  const [a = '', b = '', c = '', d = ''] = args;
  switch (args.length) {
    case 0:
      return false;
    case 1:
      return a !== '';
    case 2:
      if (a === '!') return b === '';
      if (UNARY.test(a)) return unary(host, a, b);
      break;
    case 3:
      if (BINARY.test(b)) return binary(host, a, b, c);
      if (a === '!') return !evaluateTest(host, [b, c]);
      if (a === '(' && c === ')') return b !== '';
      break;
    case 4:
      if (a === '!') return !evaluateTest(host, [b, c, d]);
      if (a === '(' && d === ')') return evaluateTest(host, [b, c]);
  }
  return new Grammar(host, args).evaluate();
}

function unary(host: TestHost, operator: string, operand: string): boolean {
  return host.own?.(operator, operand) ?? fileTest(host, operator === '-a' ? '-e' : operator, operand);
}

function binary(host: TestHost, left: string, operator: string, right: string): boolean {
  if (operator === '=' || operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (!/^-(?:eq|ne|lt|le|gt|ge)$/.test(operator)) return binaryTest(host, operator, left, right);
  return compare(operator, number(host, left), number(host, right));
}

function number(host: TestHost, text: string): bigint {
  const trimmed = text.trim();
  if (!/^[-+]?[0-9]+$/.test(trimmed)) throw new TestError(host.badNumber(text));
  return BigInt(trimmed.replace(/^\+/, ''));
}

class Grammar {
  #at = 0;

  constructor(
    private readonly host: TestHost,
    private readonly args: readonly string[],
  ) {}

  evaluate(): boolean {
    const value = this.#or();
    const rest = this.args[this.#at];
    if (rest !== undefined) throw new TestError(this.host.unknownOperand(rest));
    return value;
  }

  #or(): boolean {
    let value = this.#and();
    while (this.args[this.#at] === '-o') {
      this.#at++;
      const right = this.#and();
      value ||= right;
    }
    return value;
  }

  #and(): boolean {
    let value = this.#not();
    while (this.args[this.#at] === '-a') {
      this.#at++;
      const right = this.#not();
      value &&= right;
    }
    return value;
  }

  #not(): boolean {
    if (this.args[this.#at] !== '!') return this.#primary();
    this.#at++;
    return !this.#not();
  }

  #primary(): boolean {
    const [a, b, c] = this.args.slice(this.#at, this.#at + 3);
    if (a === undefined) throw new TestError('argument expected');
    if (a === '(') return this.#group();
    if (b !== undefined && c !== undefined && BINARY.test(b)) {
      this.#at += 3;
      return binary(this.host, a, b, c);
    }
    if (b !== undefined && UNARY.test(a)) {
      this.#at += 2;
      return unary(this.host, a, b);
    }
    this.#at++;
    return a !== '';
  }

  #group(): boolean {
    this.#at++;
    const value = this.#or();
    if (this.args[this.#at++] !== ')') throw new TestError('closing paren expected');
    return value;
  }
}
