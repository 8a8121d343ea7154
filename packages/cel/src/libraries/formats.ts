/**
 * Named formats: `!format.dns1123Label().validate(self).hasValue()`
 * (upstream: k8s.io/apiserver/pkg/cel/library/format.go).
 */
import { isDNS1035Label, isDNS1123Label, isDNS1123Subdomain, isQualifiedName, isValidLabelValue } from '@regatta/api';
import { EvaluationError } from '../cel-error.ts';
import { fn, type Library, method, type Overload } from '../overloads.ts';
import { listOf, opaque, optionalOf, STRING } from '../types.ts';
import { ListValue, Opaque, Optional, type Value } from '../values.ts';
import * as arg from './arguments.ts';

const FORMAT = opaque('kubernetes.NamedFormat');

/** What is wrong with a text; nothing when it has the format. */
type Check = (text: string) => readonly string[];

/** A name that something is appended to may end with a dash. */
function prefix(check: Check): Check {
  return (text) => check(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -2)}a` : text);
}

function pattern(expression: RegExp, why: string): Check {
  return (text) => (expression.test(text) ? [] : [why]);
}

function uri(text: string): readonly string[] {
  const whole = text.startsWith('/') || /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text);
  if (text === '') return ['parse "": empty url'];
  return whole && !/[\s\p{Cc}]/u.test(text) ? [] : [`parse ${JSON.stringify(text)}: invalid URI for request`];
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function dated(text: string, why: string): readonly string[] {
  const day = /^\d{4}-\d{2}-\d{2}/.exec(text)?.[0];
  const at = day === undefined ? Number.NaN : Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== day ? [why] : [];
}

function date(text: string): readonly string[] {
  return /^.{10}$/.test(text) ? dated(text, 'invalid date') : ['invalid date'];
}

function datetime(text: string): readonly string[] {
  const form = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:?\d{2})?$/;
  return form.test(text) ? dated(text, 'invalid datetime') : ['invalid datetime'];
}

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['dns1123Label', isDNS1123Label],
  ['dns1123Subdomain', isDNS1123Subdomain],
  ['dns1035Label', isDNS1035Label],
  ['qualifiedName', isQualifiedName],
  ['dns1123LabelPrefix', prefix(isDNS1123Label)],
  ['dns1123SubdomainPrefix', prefix(isDNS1123Subdomain)],
  ['dns1035LabelPrefix', prefix(isDNS1035Label)],
  ['labelValue', isValidLabelValue],
  ['uri', uri],
  ['uuid', pattern(UUID, 'does not match the UUID format')],
  ['byte', pattern(BASE64, 'invalid base64')],
  ['date', date],
  ['datetime', datetime],
]);

class NamedFormat {
  constructor(
    readonly name: string,
    readonly check: Check,
  ) {}
}

function named(name: string, check: Check): Value {
  return new Opaque('kubernetes.NamedFormat', new NamedFormat(name, check), name);
}

/** Upstream: a text is read as often as the format's pattern is long; four times for those that have none. */
const validation: Pick<Overload, 'cost'> = { cost: ([, size = 0]) => Math.max(1, Math.ceil(size * 0.1)) * 4 };

function validated(args: readonly Value[]): Value {
  const { value } = arg.opaqueValue(args, 0);
  if (!(value instanceof NamedFormat)) throw new EvaluationError('no such overload');
  const problems = value.check(arg.string(args, 1));
  return problems.length === 0 ? Optional.none : Optional.of(ListValue.of(problems));
}

export const formatsLibrary: Library = [
  fn('format.named', [STRING], optionalOf(FORMAT), (args) => {
    const name = arg.string(args, 0);
    const check = CHECKS.get(name);
    return check ? Optional.of(named(name, check)) : Optional.none;
  }),
  ...[...CHECKS].map(([name, check]) => fn(`format.${name}`, [], FORMAT, () => named(name, check))),
  method('validate', [FORMAT, STRING], optionalOf(listOf(STRING)), validated, validation),
];
