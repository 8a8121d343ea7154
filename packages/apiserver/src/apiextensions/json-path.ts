/**
 * JSONPath as printer columns and simple field paths use it (upstream: k8s.io/client-go/util/jsonpath).
 *
 * Fields, `['x']`, `[2]`, `[-1]`, `[1:3]`, `[*]`, `..x` and `[?(@.a=="b")]`; paths of selectable fields and of scale are the
 * simple kind, fields alone.
 */
import { getKey, isJsonObject } from '@regatta/api';

type Step =
  | { readonly kind: 'field' | 'descend'; readonly name: string }
  | { readonly kind: 'index'; readonly at: number }
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly path: readonly Step[]; readonly op: string; readonly value: unknown };

export interface JsonPath {
  /** All that the path leads to. */
  find(value: unknown): readonly unknown[];
}

export class JsonPathError extends Error {
  readonly code = 'json-path';
}

/** Values that one path may lead to: more are of no use in a cell. */
const MAX_FOUND = 1000;
const MAX_FILTER_DEPTH = 5;

const FIELD = /^\.?([A-Za-z0-9_\-/$@\\][^.[\]]*)/;
const QUOTED = /^\[\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*\]/;
const INDEX = /^\[\s*(-?\d+)\s*\]/;
const SLICE = /^\[\s*(-?\d*)\s*:\s*(-?\d*)\s*\]/;
const FILTER = /^\[\?\(\s*@(.*?)\s*(?:(==|!=|<=|>=|<|>)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s)]+)\s*)?\)\]/;

/** @throws JsonPathError */
export function parseJsonPath(text: string): JsonPath {
  const steps = parseSteps(text, 0);
  return { find: (value) => follow(steps, value) };
}

function parseSteps(text: string, depth: number): Step[] {
  if (depth > MAX_FILTER_DEPTH) throw new JsonPathError(`filters are nested too deep in ${JSON.stringify(text)}`);
  const steps: Step[] = [];
  let rest = text.startsWith('$') ? text.slice(1) : text;
  while (rest !== '' && rest !== '.') {
    const { step, length } = nextStep(rest, depth);
    steps.push(step);
    rest = rest.slice(length);
  }
  return steps;
}

function nextStep(rest: string, depth: number): { readonly step: Step; readonly length: number } {
  const descend = /^\.\.([^.[\]]+)/.exec(rest);
  if (descend) return { step: { kind: 'descend', name: descend[1] ?? '' }, length: descend[0].length };
  const all = /^(?:\[\*\]|\.\*)/.exec(rest);
  if (all) return { step: { kind: 'all' }, length: all[0].length };
  const quoted = QUOTED.exec(rest);
  if (quoted)
    return { step: { kind: 'field', name: unescaped(quoted[1] ?? quoted[2] ?? '') }, length: quoted[0].length };
  const index = INDEX.exec(rest);
  if (index) return { step: { kind: 'index', at: Number(index[1]) }, length: index[0].length };
  const slice = SLICE.exec(rest);
  if (slice) return { step: sliceOf(slice[1], slice[2]), length: slice[0].length };
  const filter = FILTER.exec(rest);
  if (filter) return { step: filterOf(filter, depth), length: filter[0].length };
  const field = fieldOf(rest);
  if (field) return field;
  throw new JsonPathError(`unrecognized character in path: ${JSON.stringify(rest)}`);
}

/** A name, in which `\.` is a dot. */
function fieldOf(rest: string): { readonly step: Step; readonly length: number } | undefined {
  const match = /^\.?((?:\\.|[^.[\]\\\s'"{}])+)/.exec(rest);
  if (!match || !FIELD.test(rest)) return undefined;
  return { step: { kind: 'field', name: unescaped(match[1] ?? '') }, length: match[0].length };
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}

function sliceOf(from: string | undefined, to: string | undefined): Step {
  const number = (text: string | undefined): number | undefined => (text ? Number(text) : undefined);
  return { kind: 'slice', from: number(from), to: number(to) };
}

function filterOf([, path = '', op = '', value = '']: RegExpExecArray, depth: number): Step {
  return { kind: 'filter', path: parseSteps(path, depth + 1), op, value: literal(value) };
}

function literal(text: string): unknown {
  if (/^["']/.test(text)) return unescaped(text.slice(1, -1));
  if (text === 'true' || text === 'false') return text === 'true';
  return text === '' || Number.isNaN(Number(text)) ? text : Number(text);
}

function follow(steps: readonly Step[], value: unknown): readonly unknown[] {
  let found: unknown[] = [value];
  for (const step of steps) {
    const next: unknown[] = [];
    for (const one of found) {
      if (next.length > MAX_FOUND) break;
      next.push(...taken(step, one));
    }
    found = next;
  }
  return found;
}

function taken(step: Step, value: unknown): readonly unknown[] {
  switch (step.kind) {
    case 'field':
      return memberOf(value, step.name);
    case 'descend':
      return descendants(value, step.name, []);
    case 'index':
      return Array.isArray(value) && value.at(step.at) !== undefined ? [value.at(step.at)] : [];
    case 'slice':
      return Array.isArray(value) ? value.slice(step.from, step.to) : [];
    case 'all':
      return Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
    case 'filter':
      return Array.isArray(value) ? value.filter((item) => passes(step, item)) : [];
  }
}

function memberOf(value: unknown, name: string): readonly unknown[] {
  const member = isJsonObject(value) ? getKey(value, name) : undefined;
  return member === undefined ? [] : [member];
}

function descendants(value: unknown, name: string, out: unknown[]): unknown[] {
  if (out.length > MAX_FOUND || typeof value !== 'object' || value === null) return out;
  out.push(...memberOf(value, name));
  for (const inner of Object.values(value)) descendants(inner, name, out);
  return out;
}

function passes({ path, op, value }: Extract<Step, { kind: 'filter' }>, item: unknown): boolean {
  const [found] = follow(path, item);
  if (op === '') return found !== undefined;
  if (op === '==') return found === value;
  if (op === '!=') return found !== value;
  if (typeof found !== typeof value || (typeof found !== 'number' && typeof found !== 'string')) return false;
  const [a, b] = [found, value as typeof found];
  return op === '<' ? a < b : op === '<=' ? a <= b : op === '>' ? a > b : a >= b;
}

/** `.spec.replicas` as names; undefined when it is no simple path. */
export function simplePath(text: string): readonly string[] | undefined {
  if (!text.startsWith('.')) return undefined;
  const steps = tryParse(text);
  if (!steps || steps.length === 0) return undefined;
  const names = steps.flatMap((step) => (step.kind === 'field' ? [step.name] : []));
  return names.length === steps.length ? names : undefined;
}

function tryParse(text: string): readonly Step[] | undefined {
  try {
    return parseSteps(text, 0);
  } catch (error) {
    if (error instanceof JsonPathError) return undefined;
    throw error;
  }
}

export function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const name of path) current = isJsonObject(current) ? getKey(current, name) : undefined;
  return current;
}
