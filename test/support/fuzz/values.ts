/**
 * Objects of any built-in kind, right by the schema and wrong in places: values that have broken servers before.
 */
import { type FieldInfo, Schema, type Shape, type TypeInfo } from '@regatta/api';
import type { Dice } from './dice.ts';

const STRINGS = [
  ...[
    '',
    'a',
    'web',
    'nginx:1',
    'Always',
    'True',
    'TCP',
    'kubernetes.io/x',
    'A'.repeat(300),
    '../up',
    '..',
    '/',
    '%',
    '%00',
  ],
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    '\u0000',
    '\ud800',
    '👾',
    'é',
    '\n',
    '\u202e',
    '{{.}}',
    '$(A)',
  ],
  ...[
    '1e309',
    '-0',
    '0x10',
    '1Ki',
    '100m',
    '1E',
    'NaN',
    '9223372036854775808',
    '2026-11-21T00:00:00Z',
    '10.0.0.1',
    '::1',
    'null',
  ],
  ...[
    '(a+)+$',
    '[',
    '\\',
    'a=b',
    'a in (b',
    '!',
    'c3RyYW5nZQ==',
    '-----BEGIN CERTIFICATE-----',
    'self.x > 1',
    'system:masters',
  ],
];
const NUMBERS = [0, -0, 1, -1, 80, 65_535, 65_536, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 1e308, -1e308, 0.1, 1.5, 1e-7];
const ODD: readonly unknown[] = [
  null,
  true,
  false,
  [],
  {},
  [null],
  [[]],
  { a: null },
  '',
  0,
  -1,
  'x',
  [1, 'a'],
  { '': '' },
];
const DEEPEST = 6;

export class Values {
  readonly #schema = Schema.load();

  constructor(private readonly dice: Dice) {}

  /** An object of a kind, with this share of wrong places. */
  object(typeId: string, wrong: number): Record<string, unknown> {
    return this.#object(this.#schema.type(typeId), wrong, 0);
  }

  anything(depth = 0): unknown {
    const { dice } = this;
    if (depth > 3 || dice.chance(0.5)) return dice.pick([...ODD, ...STRINGS, ...NUMBERS]);
    if (dice.chance(0.5)) return dice.times(4, () => this.anything(depth + 1));
    return Object.fromEntries(dice.times(4, () => [this.text(), this.anything(depth + 1)]));
  }

  text(): string {
    return this.dice.pick(STRINGS);
  }

  #object(type: TypeInfo, wrong: number, depth: number): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    for (const field of type.fields.values()) {
      if (!this.#wants(field, depth)) continue;
      entries.push([this.dice.chance(wrong / 4) ? this.text() : field.name, this.#field(field, wrong, depth)]);
    }
    // An own member of any name, __proto__ too.
    return Object.fromEntries(entries);
  }

  #wants(field: FieldInfo, depth: number): boolean {
    if (field.name === 'kind' || field.name === 'apiVersion' || field.name === 'status') return false;
    if (field.required) return !this.dice.chance(0.05);
    return this.dice.chance(depth === 0 ? 0.9 : depth > DEEPEST ? 0 : 0.25);
  }

  #field(field: FieldInfo, wrong: number, depth: number): unknown {
    if (this.dice.chance(wrong)) return this.anything();
    return this.#value(field.shape, wrong, depth + 1);
  }

  #value(shape: Shape, wrong: number, depth: number): unknown {
    const { dice } = this;
    switch (shape.kind) {
      case 'object':
      case 'schema-or':
        return depth > DEEPEST ? {} : this.#object(this.#schema.type(shape.typeId), wrong, depth);
      case 'list':
        return dice.times(3, () => this.#value(shape.items, wrong, depth + 1));
      case 'map':
        return Object.fromEntries(dice.times(3, () => [this.text(), this.#value(shape.values, wrong, depth + 1)]));
      case 'boolean':
        return dice.chance(0.5);
      case 'int32':
      case 'int64':
      case 'double':
        return dice.pick(NUMBERS);
      case 'raw':
      case 'deduced':
        return this.anything();
      case 'int-or-string':
        return dice.chance(0.5) ? dice.pick(NUMBERS) : this.text();
      default:
        return this.text();
    }
  }
}
