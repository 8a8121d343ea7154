/**
 * `$((…))`: C's integer expressions on 64 bits that wrap. Read and computed in one pass; what a short-circuit leaves out
 * is read without effect.
 */
export interface ArithmeticScope {
  get(name: string, subscript: string | undefined): string | undefined;
  set(name: string, subscript: string | undefined, value: string): void;
  /** A variable's text may be an expression itself (bash, ash), or must be a number (dash). */
  readonly recursive: boolean;
  /** `**`, `,`, `++` and `--`. */
  readonly extended: boolean;
}

export type ArithmeticFault = 'syntax' | 'division' | 'exponent' | 'recursion' | 'number' | 'assignment';

export class ArithmeticError extends Error {
  readonly code = 'arithmetic';

  constructor(
    readonly fault: ArithmeticFault,
    readonly expression: string,
    /** From where it went wrong. */
    readonly token: string,
  ) {
    super(`${expression}: ${fault}`);
    this.name = 'ArithmeticError';
  }
}

/** Variables whose text is an expression with variables whose text … */
const DEEPEST_RECURSION = 64;
const DEEPEST_NESTING = 200;

export function evaluateArithmetic(text: string, scope: ArithmeticScope, depth = 0): bigint {
  return new Evaluator(text, scope, depth).evaluate();
}

const BINARY: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<=', '>=', '<', '>'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const ASSIGNMENTS = ['<<=', '>>=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '='];
const OPERATORS = [
  ...ASSIGNMENTS,
  '**',
  '<<',
  '>>',
  '<=',
  '>=',
  '==',
  '!=',
  '&&',
  '||',
  '++',
  '--',
  ...'+-*/%<>&|^!~?:(),',
];
const SORTED = [...new Set(OPERATORS)].sort((a, b) => b.length - a.length);

interface Place {
  readonly name: string;
  readonly subscript: string | undefined;
}

class Evaluator {
  #at = 0;
  #nesting = 0;
  /** Above 0: the part is only read. */
  #idle = 0;

  constructor(
    private readonly text: string,
    private readonly scope: ArithmeticScope,
    private readonly depth: number,
  ) {}

  evaluate(): bigint {
    if (this.text.trim() === '') return 0n;
    const value = this.#comma();
    this.#blanks();
    if (this.#at < this.text.length) this.#fail('syntax');
    return value;
  }

  #fail(fault: ArithmeticFault, at = this.#at): never {
    throw new ArithmeticError(fault, this.text, this.text.slice(at));
  }

  #blanks(): void {
    while (/\s/.test(this.text.charAt(this.#at)) && this.#at < this.text.length) this.#at++;
  }

  #operator(): string | undefined {
    this.#blanks();
    return SORTED.find((operator) => this.text.startsWith(operator, this.#at));
  }

  #take(operator: string): boolean {
    if (this.#operator() !== operator) return false;
    this.#at += operator.length;
    return true;
  }

  #comma(): bigint {
    let value = this.#assignment();
    while (this.scope.extended && this.#take(',')) value = this.#assignment();
    return value;
  }

  #assignment(): bigint {
    if (++this.#nesting > DEEPEST_NESTING) this.#fail('recursion');
    const start = this.#at;
    const place = this.#place();
    const operator = place === undefined ? undefined : this.#operator();
    let value: bigint;
    if (place !== undefined && operator !== undefined && ASSIGNMENTS.includes(operator)) {
      this.#at += operator.length;
      const right = this.#assignment();
      value = operator === '=' ? right : this.#compute(operator.slice(0, -1), this.#read(place), right);
      this.#write(place, value);
    } else {
      this.#at = start;
      value = this.#conditional();
    }
    this.#nesting--;
    return value;
  }

  #conditional(): bigint {
    const condition = this.#binary(0);
    if (!this.#take('?')) return condition;
    const yes = this.#part(condition !== 0n, () => this.#comma());
    if (!this.#take(':')) this.#fail('syntax');
    const no = this.#part(condition === 0n, () => this.#assignment());
    return condition !== 0n ? yes : no;
  }

  /** Computes a part, or only reads it. */
  #part(active: boolean, read: () => bigint): bigint {
    if (active) return read();
    this.#idle++;
    const value = read();
    this.#idle--;
    return value;
  }

  #binary(level: number): bigint {
    const operators = BINARY[level];
    if (operators === undefined) return this.#power();
    let left = this.#binary(level + 1);
    for (;;) {
      const operator = this.#operator();
      if (operator === undefined || !operators.includes(operator)) return left;
      this.#at += operator.length;
      if (operator === '&&') {
        const right = this.#part(left !== 0n, () => this.#binary(level + 1));
        left = left !== 0n && right !== 0n ? 1n : 0n;
      } else if (operator === '||') {
        const right = this.#part(left === 0n, () => this.#binary(level + 1));
        left = left !== 0n || right !== 0n ? 1n : 0n;
      } else left = this.#compute(operator, left, this.#binary(level + 1));
    }
  }

  #power(): bigint {
    const base = this.#unary();
    if (!this.scope.extended || !this.#take('**')) return base;
    return this.#compute('**', base, this.#power());
  }

  #compute(operator: string, left: bigint, right: bigint): bigint {
    if (this.#idle > 0) return 0n;
    const compute = COMPUTE[operator];
    if (compute === undefined) return this.#fail('syntax');
    if (right === 0n && (operator === '/' || operator === '%')) {
      this.#fail('division', Math.max(0, this.text.lastIndexOf('0', this.#at)));
    }
    if (right < 0n && operator === '**') this.#fail('exponent');
    return BigInt.asIntN(64, compute(left, right));
  }

  #unary(): bigint {
    const operator = this.#operator();
    if ((operator === '++' || operator === '--') && this.scope.extended) {
      this.#at += 2;
      const place = this.#place();
      if (place === undefined) return operator === '--' ? this.#unary() : this.#unary();
      const value = BigInt.asIntN(64, this.#read(place) + (operator === '++' ? 1n : -1n));
      this.#write(place, value);
      return value;
    }
    const sign = this.text.charAt(this.#at);
    if (operator === undefined || !'+-!~'.includes(sign) || operator.endsWith('=')) return this.#primary();
    this.#at++;
    if (++this.#nesting > DEEPEST_NESTING) this.#fail('recursion');
    const value = this.#unary();
    this.#nesting--;
    if (sign === '!') return value === 0n ? 1n : 0n;
    return BigInt.asIntN(64, sign === '-' ? -value : sign === '~' ? ~value : value);
  }

  #primary(): bigint {
    if (this.#take('(')) {
      const value = this.#comma();
      if (!this.#take(')')) this.#fail('syntax');
      return value;
    }
    const place = this.#place();
    if (place === undefined) return this.#number();
    const value = this.#read(place);
    const operator = this.scope.extended ? this.#operator() : undefined;
    if (operator !== '++' && operator !== '--') return value;
    this.#at += 2;
    this.#write(place, BigInt.asIntN(64, value + (operator === '++' ? 1n : -1n)));
    return value;
  }

  #number(): bigint {
    const start = this.#at;
    const digits = /^(?:0[xX][0-9a-fA-F]*|[0-9]+#[0-9A-Za-z@_]+|[0-9]+)/.exec(
      this.text.slice(this.#at, this.#at + 80),
    )?.[0];
    if (digits === undefined) return this.#fail('syntax');
    this.#at += digits.length;
    if (/[A-Za-z_.]/.test(this.text.charAt(this.#at))) this.#fail('number', start);
    return parseNumber(digits) ?? this.#fail('number', start);
  }

  /** A variable's name with its subscript. */
  #place(): Place | undefined {
    this.#blanks();
    const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(this.text.slice(this.#at, this.#at + 256))?.[0];
    if (name === undefined) return undefined;
    this.#at += name.length;
    if (this.text.charAt(this.#at) !== '[') return { name, subscript: undefined };
    const start = ++this.#at;
    for (let open = 1; open > 0; this.#at++) {
      const char = this.text.charAt(this.#at);
      if (char === '') this.#fail('syntax');
      open += char === '[' ? 1 : char === ']' ? -1 : 0;
    }
    return { name, subscript: this.text.slice(start, this.#at - 1) };
  }

  #read({ name, subscript }: Place): bigint {
    if (this.#idle > 0) return 0n;
    const text = this.scope.get(name, subscript)?.trim() ?? '';
    if (text === '') return 0n;
    const number = parseNumber(text.replace(/^[-+]/, ''));
    if (number !== undefined) return BigInt.asIntN(64, text.startsWith('-') ? -number : number);
    if (!this.scope.recursive) throw new ArithmeticError('number', text, text);
    if (this.depth >= DEEPEST_RECURSION) this.#fail('recursion');
    return evaluateArithmetic(text, this.scope, this.depth + 1);
  }

  #write({ name, subscript }: Place, value: bigint): void {
    if (this.#idle === 0) this.scope.set(name, subscript, String(value));
  }
}

const COMPUTE: Readonly<Record<string, (left: bigint, right: bigint) => bigint>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '**': power,
  '<<': (left, right) => left << (right & 63n),
  '>>': (left, right) => left >> (right & 63n),
  '&': (left, right) => left & right,
  '|': (left, right) => left | right,
  '^': (left, right) => left ^ right,
  '==': (left, right) => (left === right ? 1n : 0n),
  '!=': (left, right) => (left !== right ? 1n : 0n),
  '<': (left, right) => (left < right ? 1n : 0n),
  '>': (left, right) => (left > right ? 1n : 0n),
  '<=': (left, right) => (left <= right ? 1n : 0n),
  '>=': (left, right) => (left >= right ? 1n : 0n),
};

/** By squaring, each step on 64 bits: the exponent may be anything. */
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let factor = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(64, result * factor);
    factor = BigInt.asIntN(64, factor * factor);
  }
  return result;
}

/** Decimal, octal (0…), hexadecimal (0x…) or `base#digits`. */
export function parseNumber(text: string): bigint | undefined {
  const based = /^([0-9]+)#([0-9A-Za-z@_]+)$/.exec(text);
  if (based?.[1] !== undefined && based[2] !== undefined) return inBase(Number(based[1]), based[2]);
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return BigInt(text);
  if (/^0[0-9]+$/.test(text)) return inBase(8, text.slice(1));
  return /^[0-9]+$/.test(text) ? BigInt.asIntN(64, BigInt(text.slice(0, 64))) : undefined;
}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@_';

function inBase(base: number, digits: string): bigint | undefined {
  if (base < 2 || base > 64) return undefined;
  let value = 0n;
  for (const char of base <= 36 ? digits.toLowerCase() : digits) {
    const digit = DIGITS.indexOf(char);
    if (digit < 0 || digit >= base) return undefined;
    value = BigInt.asIntN(64, value * BigInt(base) + BigInt(digit));
  }
  return value;
}
