/**
 * Expressions that choose devices: compiled when they are written, and refused when they could cost too much
 * (upstream: k8s.io/dynamic-resource-allocation/cel/compile.go, validateCELSelector of pkg/apis/resource/validation).
 * CEL is read when the first of these kinds is written.
 */
import type { DeviceSelector } from '@regatta/api';
import type { ErrorList } from '../validation/error-list.ts';
import type { Maybe } from '../validation/lists.ts';
import type { Path } from '../validation/path.ts';
import { checkItems } from './names.ts';

const MAX_SELECTORS = 32;
const MAX_EXPRESSION_BYTES = 10 * 1024;
const MAX_COST = 1_000_000;
const MAX_ATTRIBUTES = 32;
const MAX_DOMAIN = 63;
const MAX_ID = 32;
const MAX_VALUE = 64;

type Cel = typeof import('@regatta/cel');
type Environment = import('@regatta/cel').CelEnvironment;

let cel: { readonly module: Cel; readonly environment: Environment } | undefined;
let loading: Promise<void> | undefined;

/** Resolves when expressions can be compiled; undefined when they can already. */
export function loadCel(): Promise<void> | undefined {
  if (cel) return undefined;
  loading ??= import('@regatta/cel').then((module) => {
    cel = { module, environment: environmentOf(module) };
  });
  return loading;
}

function environmentOf({ BOOL, mapOf, opaque, STRING }: Cel): Environment {
  const text = (max: number) => ({ ...STRING, max });
  const byDomain = (value: Parameters<typeof mapOf>[1]) =>
    mapOf(text(MAX_DOMAIN), mapOf(text(MAX_ID), value, MAX_ATTRIBUTES), MAX_ATTRIBUTES);
  const fields = {
    driver: text(MAX_DOMAIN),
    attributes: byDomain({ kind: 'dyn', max: MAX_VALUE }),
    capacity: byDomain(opaque('kubernetes.Quantity')),
    allowMultipleAllocations: BOOL,
  };
  const named = Object.entries(fields).map(([jsonName, type]) => [jsonName, { jsonName, type }] as const);
  return { variables: [['device', { kind: 'object', name: 'kubernetes.DRADevice', fields: new Map(named) }]] };
}

export function checkSelectors(errors: ErrorList, at: Path, selectors: Maybe<readonly DeviceSelector[]>): void {
  checkItems(errors, at, selectors, MAX_SELECTORS, (selector, itemAt) => {
    const celAt = itemAt.child('cel');
    if (!selector?.cel) errors.required(celAt);
    else checkExpression(errors, celAt.child('expression'), selector.cel.expression ?? '');
  });
}

/** @throws Error when nobody waited for `loadCel` */
function checkExpression(errors: ErrorList, at: Path, expression: string): void {
  if (Buffer.byteLength(expression) > MAX_EXPRESSION_BYTES) {
    errors.tooLong(at, '', MAX_EXPRESSION_BYTES);
    return;
  }
  if (!cel) throw new Error('expressions about devices were asked for before CEL was loaded');
  const { module, environment } = cel;
  try {
    const { type, maxCost } = module.compileCel(expression, environment);
    if (type.kind !== 'bool' && type.kind !== 'dyn') {
      errors.invalid(at, expression, `must evaluate to bool or the unknown type, not ${module.typeText(type)}`);
    } else if (maxCost > MAX_COST) errors.forbidden(at, 'too complex, exceeds cost limit');
  } catch (error) {
    if (!(error instanceof module.CompileError)) throw error;
    errors.invalid(at, expression, `compilation failed: ${error.message}`);
  }
}
