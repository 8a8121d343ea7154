/**
 * Quantities and semantic versions (upstream: k8s.io/apiserver/pkg/cel/library/{quantity,semver_lib}.go).
 */
import { Quantity, QuantityError } from '@regatta/api';
import { EvaluationError } from '../cel-error.ts';
import { fn, type Library, method, type Overload, traversal } from '../overloads.ts';
import { BOOL, DOUBLE, INT, opaque, STRING } from '../types.ts';
import { Opaque, type Value } from '../values.ts';
import * as arg from './arguments.ts';

const QUANTITY = opaque('kubernetes.Quantity');
const SEMVER = opaque('kubernetes.Semver');
const reads = { cost: traversal(0) };

class QuantityBox {
  constructor(readonly quantity: Quantity) {}
}

function parseQuantity(text: string): Quantity | undefined {
  try {
    return Quantity.parse(text);
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}

function boxed(quantity: Quantity): Value {
  return new Opaque('kubernetes.Quantity', new QuantityBox(quantity), quantity.toString());
}

function quantityAt(args: readonly Value[], i: number): Quantity {
  const { value } = arg.opaqueValue(args, i);
  if (!(value instanceof QuantityBox)) throw new EvaluationError('no such overload');
  return value.quantity;
}

function toQuantity(text: string): Value {
  const quantity = parseQuantity(text);
  if (!quantity)
    throw new EvaluationError(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
  return boxed(quantity);
}

function isInteger(quantity: Quantity): boolean {
  return quantity.milli() % 1000n === 0n;
}

const compare =
  (holds: (order: number) => boolean): Overload['call'] =>
  (args) =>
    holds(quantityAt(args, 0).cmp(quantityAt(args, 1)));

const quantities: Library = [
  fn('quantity', [STRING], QUANTITY, (args) => toQuantity(arg.string(args, 0)), reads),
  fn('isQuantity', [STRING], BOOL, (args) => parseQuantity(arg.string(args, 0)) !== undefined, reads),
  method('sign', [QUANTITY], INT, (args) => BigInt(quantityAt(args, 0).sign)),
  method('isInteger', [QUANTITY], BOOL, (args) => isInteger(quantityAt(args, 0))),
  method('asInteger', [QUANTITY], INT, (args) => {
    const quantity = quantityAt(args, 0);
    if (!isInteger(quantity)) throw new EvaluationError('cannot convert value to integer');
    return quantity.value();
  }),
  method('asApproximateFloat', [QUANTITY], DOUBLE, (args) => quantityAt(args, 0).toNumber()),
  method(
    'isGreaterThan',
    [QUANTITY, QUANTITY],
    BOOL,
    compare((order) => order > 0),
  ),
  method(
    'isLessThan',
    [QUANTITY, QUANTITY],
    BOOL,
    compare((order) => order < 0),
  ),
  method('compareTo', [QUANTITY, QUANTITY], INT, (args) => BigInt(quantityAt(args, 0).cmp(quantityAt(args, 1)))),
  ...(['add', 'sub'] as const).flatMap((name) => [
    method(name, [QUANTITY, QUANTITY], QUANTITY, (args) => boxed(quantityAt(args, 0)[name](quantityAt(args, 1)))),
    method(name, [QUANTITY, INT], QUANTITY, (args) =>
      boxed(quantityAt(args, 0)[name](Quantity.parse(String(arg.int(args, 1))))),
    ),
  ]),
];

interface Semver {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly pre: readonly string[];
}

const SEMVER_TEXT =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$/;

function parseSemver(text: string, normalize: boolean): Semver | undefined {
  const match = SEMVER_TEXT.exec(normalize ? normalized(text) : text);
  if (!match) return undefined;
  const [, major = '0', minor = '0', patch = '0', pre] = match;
  return { numbers: [BigInt(major), BigInt(minor), BigInt(patch)], pre: pre?.split('.') ?? [] };
}

/** `v1.2` → `1.2.0`, without leading zeros. */
function normalized(text: string): string {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(.*)$/.exec(text);
  if (!match) return text;
  const [, major = '0', minor = '0', patch = '0', rest = ''] = match;
  return `${BigInt(major)}.${BigInt(minor)}.${BigInt(patch)}${rest}`;
}

class SemverBox {
  constructor(readonly version: Semver) {}
}

function toSemver(text: string, normalize: boolean): Value {
  const version = parseSemver(text, normalize);
  if (!version) throw new EvaluationError(`No Major.Minor.Patch elements found`);
  const pre = version.pre.length > 0 ? `-${version.pre.join('.')}` : '';
  return new Opaque('kubernetes.Semver', new SemverBox(version), `${version.numbers.join('.')}${pre}`);
}

function semverAt(args: readonly Value[], i: number): Semver {
  const { value } = arg.opaqueValue(args, i);
  if (!(value instanceof SemverBox)) throw new EvaluationError('no such overload');
  return value.version;
}

function compareSemver(a: Semver, b: Semver): number {
  for (const [i, number] of a.numbers.entries()) {
    const other = b.numbers[i] ?? 0n;
    if (number !== other) return number < other ? -1 : 1;
  }
  if (a.pre.length === 0 || b.pre.length === 0) return Number(b.pre.length > 0) - Number(a.pre.length > 0);
  for (const [i, part] of a.pre.entries()) {
    const other = b.pre[i];
    if (other === undefined) return 1;
    if (part !== other) return comparePre(part, other);
  }
  return a.pre.length < b.pre.length ? -1 : 0;
}

function comparePre(a: string, b: string): number {
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (left && right) return BigInt(a) < BigInt(b) ? -1 : 1;
  if (left !== right) return left ? -1 : 1;
  return a < b ? -1 : 1;
}

const compareVersions =
  (holds: (order: number) => boolean): Overload['call'] =>
  (args) =>
    holds(compareSemver(semverAt(args, 0), semverAt(args, 1)));
const part =
  (i: 0 | 1 | 2): Overload['call'] =>
  (args) =>
    semverAt(args, 0).numbers[i];

const semvers: Library = [
  fn('semver', [STRING], SEMVER, (args) => toSemver(arg.string(args, 0), false), reads),
  fn('semver', [STRING, BOOL], SEMVER, (args) => toSemver(arg.string(args, 0), arg.bool(args, 1)), reads),
  fn('isSemver', [STRING], BOOL, (args) => parseSemver(arg.string(args, 0), false) !== undefined, reads),
  fn(
    'isSemver',
    [STRING, BOOL],
    BOOL,
    (args) => parseSemver(arg.string(args, 0), arg.bool(args, 1)) !== undefined,
    reads,
  ),
  method('major', [SEMVER], INT, part(0)),
  method('minor', [SEMVER], INT, part(1)),
  method('patch', [SEMVER], INT, part(2)),
  method(
    'isGreaterThan',
    [SEMVER, SEMVER],
    BOOL,
    compareVersions((order) => order > 0),
  ),
  method(
    'isLessThan',
    [SEMVER, SEMVER],
    BOOL,
    compareVersions((order) => order < 0),
  ),
  method('compareTo', [SEMVER, SEMVER], INT, (args) => BigInt(compareSemver(semverAt(args, 0), semverAt(args, 1)))),
];

export const quantitiesLibrary: Library = [...quantities, ...semvers];
