/**
 * A number whose text matters: an integer beyond 2^53, or one written with a fraction or an exponent (`1.0`, `1e3`), which
 * Go refuses for integer fields and a quantity prints differently. Only the positional parser makes them; decoders and
 * cloneJson take them away again.
 */
export class ExactNumber {
  constructor(readonly text: string) {}

  toNumber(): number {
    return Number(this.text);
  }

  toJSON(): number {
    return this.toNumber();
  }
}
