/**
 * Resource quantities (upstream: k8s.io/apimachinery/pkg/api/resource): `100m`, `1.5Gi`, `2e3`.
 *
 * Invariants:
 * - The amount is exact: whole nano-units in a bigint; what is finer is rounded up (away from zero), as upstream does.
 * - Amounts are capped at ±(2^63-1).
 * - toString() gives upstream's canonical form: the largest suffix that needs no fraction, in the family the input used.
 */

const NANO = 1_000_000_000n;
const MAX_NANO = (2n ** 63n - 1n) * NANO;
const FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SYNTAX = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const EXPONENT = /^[eE]([+-]?[0-9]+)$/;

type Family = 'binary' | 'decimal' | 'exponent';

const BINARY: Readonly<Record<string, bigint>> = {
  Ki: 2n ** 10n,
  Mi: 2n ** 20n,
  Gi: 2n ** 30n,
  Ti: 2n ** 40n,
  Pi: 2n ** 50n,
  Ei: 2n ** 60n,
};
/** Powers of ten by suffix. */
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const DECIMAL_SUFFIX: ReadonlyMap<number, string> = new Map(
  Object.entries(DECIMAL).map(([suffix, power]) => [power, suffix]),
);
/** Exponents past this are beyond any cap or below any precision; keeps hostile input from building huge numbers. */
const MAX_EXPONENT = 60;

export type QuantityErrorCode = 'format' | 'numeric' | 'suffix';

/** What can't be read as a quantity, in upstream's words. */
export class QuantityError extends Error {
  constructor(
    readonly code: QuantityErrorCode,
    readonly input: string,
  ) {
    super(
      {
        format: FORMAT_WRONG,
        numeric: 'unable to parse numeric part of quantity',
        suffix: "unable to parse quantity's suffix",
      }[code],
    );
    this.name = 'QuantityError';
  }
}

export class Quantity {
  static readonly zero: Quantity = new Quantity(0n, 'decimal');

  private constructor(
    private readonly nano: bigint,
    private readonly family: Family,
  ) {}

  /** @throws QuantityError */
  static parse(input: string | number): Quantity {
    const text = typeof input === 'number' ? String(input) : input;
    const match = text === '' ? null : SYNTAX.exec(text);
    if (!match) throw new QuantityError('format', text);
    const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
    const scale = scaleOf(suffix);
    if (!scale) throw new QuantityError('suffix', text);
    if (whole === '' && fraction === '') throw new QuantityError('numeric', text);
    return new Quantity(toNano(sign === '-', whole, fraction, scale), scale.family);
  }

  /** @param value whole units @param family how it prints: `binary` for bytes */
  static of(value: bigint | number, family: Family = 'decimal'): Quantity {
    return new Quantity(cap(BigInt(value) * NANO), family);
  }

  static ofMilli(value: bigint | number): Quantity {
    return new Quantity(cap(BigInt(value) * 1_000_000n), 'decimal');
  }

  get sign(): -1 | 0 | 1 {
    return this.nano === 0n ? 0 : this.nano < 0n ? -1 : 1;
  }

  get isZero(): boolean {
    return this.nano === 0n;
  }

  /** Thousandths, rounded up. */
  milli(): bigint {
    return divideUp(this.nano, 1_000_000n);
  }

  /** Whole units, rounded up. */
  value(): bigint {
    return divideUp(this.nano, NANO);
  }

  toNumber(): number {
    return Number(this.nano) / 1e9;
  }

  cmp(other: Quantity): -1 | 0 | 1 {
    return this.nano === other.nano ? 0 : this.nano < other.nano ? -1 : 1;
  }

  /** Keeps this quantity's family, unless it is zero. */
  add(other: Quantity): Quantity {
    return new Quantity(cap(this.nano + other.nano), this.isZero ? other.family : this.family);
  }

  sub(other: Quantity): Quantity {
    return new Quantity(cap(this.nano - other.nano), this.isZero ? other.family : this.family);
  }

  toString(): string {
    if (this.nano === 0n) return '0';
    return this.family === 'binary' && this.fitsBinary() ? this.binaryString() : this.decimalString();
  }

  toJSON(): string {
    return this.toString();
  }

  private fitsBinary(): boolean {
    const limit = 1024n * NANO;
    return this.nano % NANO === 0n && (this.nano >= limit || this.nano <= -limit);
  }

  private binaryString(): string {
    let number = this.nano / NANO;
    let power = 0;
    const suffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
    while (number % 1024n === 0n && power < suffixes.length - 1) {
      number /= 1024n;
      power++;
    }
    return `${number}${suffixes[power] ?? ''}`;
  }

  private decimalString(): string {
    let number = this.nano;
    let power = -9;
    while (number % 1000n === 0n && power < 18) {
      number /= 1000n;
      power += 3;
    }
    if (this.family === 'exponent') return power === 0 ? `${number}` : `${number}e${power}`;
    return `${number}${DECIMAL_SUFFIX.get(power) ?? ''}`;
  }
}

interface Scale {
  readonly family: Family;
  readonly factor: bigint;
  readonly power: number;
}

function scaleOf(suffix: string): Scale | undefined {
  const power = Object.hasOwn(DECIMAL, suffix) ? DECIMAL[suffix] : undefined;
  if (power !== undefined) return { family: 'decimal', factor: 1n, power };
  const factor = Object.hasOwn(BINARY, suffix) ? BINARY[suffix] : undefined;
  if (factor !== undefined) return { family: 'binary', factor, power: 0 };
  const exponent = EXPONENT.exec(suffix)?.[1];
  return exponent === undefined ? undefined : { family: 'exponent', factor: 1n, power: Number(exponent) };
}

function toNano(negative: boolean, whole: string, fraction: string, { factor, power }: Scale): bigint {
  const digits = BigInt(`${whole}${fraction}` || '0') * factor;
  if (digits === 0n) return 0n;
  const shift = Math.max(-MAX_EXPONENT - fraction.length, Math.min(MAX_EXPONENT, power)) + 9 - fraction.length;
  const amount = shift >= 0 ? digits * 10n ** BigInt(shift) : divideUp(digits, 10n ** BigInt(-shift));
  const capped = amount > MAX_NANO ? MAX_NANO : amount;
  return negative ? -capped : capped;
}

function cap(nano: bigint): bigint {
  return nano > MAX_NANO ? MAX_NANO : nano < -MAX_NANO ? -MAX_NANO : nano;
}

/** Division that rounds away from zero. */
function divideUp(amount: bigint, by: bigint): bigint {
  const quotient = amount / by;
  if (amount % by === 0n) return quotient;
  return amount < 0n ? quotient - 1n : quotient + 1n;
}

/** Thousandths of a quantity, rounded up; 0 for undefined. Whole numbers and `m` take a fast path. @throws QuantityError */
export function milliValue(quantity: string | number | undefined): number {
  if (quantity === undefined) return 0;
  const fast = typeof quantity === 'number' ? quantity * 1000 : fastMilli(quantity);
  return Number.isInteger(fast) ? fast : Number(Quantity.parse(quantity).milli());
}

function fastMilli(text: string): number {
  const last = text.charCodeAt(text.length - 1);
  if (last === 0x6d) return plainInteger(text, text.length - 1);
  return plainInteger(text, text.length) * 1000;
}

/** Whole units of a quantity (bytes, Pods …), rounded up; 0 for undefined. @throws QuantityError */
export function numericValue(quantity: string | number | undefined): number {
  if (quantity === undefined) return 0;
  const fast = typeof quantity === 'number' ? quantity : fastValue(quantity);
  return Number.isInteger(fast) ? fast : Number(Quantity.parse(quantity).value());
}

function fastValue(text: string): number {
  const { length } = text;
  if (text.charCodeAt(length - 1) !== 0x69) return plainInteger(text, length);
  const factor = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }[text[length - 2] ?? ''];
  return factor === undefined ? Number.NaN : plainInteger(text, length - 2) * factor;
}

/** The first `end` characters as an integer of at most 12 digits; NaN when they are anything else. */
function plainInteger(text: string, end: number): number {
  if (end === 0 || end > 12) return Number.NaN;
  let value = 0;
  for (let i = 0; i < end; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}
