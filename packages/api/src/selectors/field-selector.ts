/**
 * Field selectors of list and watch requests (upstream: k8s.io/apimachinery/pkg/fields): `spec.nodeName=a,status.phase!=Running`.
 */
import { statusErrors } from '../status-error.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly op: '=' | '!=';
  readonly value: string;
}

export interface FieldMatcher {
  readonly requirements: readonly FieldRequirement[];
  readonly isEverything: boolean;
  /** A field that isn't there counts as "". */
  matches(fields: Readonly<Record<string, string>>): boolean;
  /** The value that a field must have, when the selector says so. */
  requires(field: string): string | undefined;
  toString(): string;
}

/** @throws StatusError BadRequest with upstream's text */
export function parseFieldSelector(text: string): FieldMatcher {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text)) {
    if (term === '') continue;
    requirements.push(parseTerm(text, term));
  }
  return matcher(requirements);
}

function matcher(requirements: readonly FieldRequirement[]): FieldMatcher {
  return {
    requirements,
    isEverything: requirements.length === 0,
    matches: (fields) =>
      requirements.every(({ field, op, value }) => ((fields[field] ?? '') === value) === (op === '=')),
    requires: (field) => requirements.find((r) => r.field === field && r.op === '=')?.value,
    toString: () => requirements.map(({ field, op, value }) => `${field}${op}${escapeValue(value)}`).join(','),
  };
}

/** Splits at commas that no backslash escapes. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === ',') {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function parseTerm(selector: string, term: string): FieldRequirement {
  const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
  if (!match) throw statusErrors.badRequest(`invalid selector: '${selector}'; can't understand '${term}'`);
  const [, field = '', op, value = ''] = match;
  return { field, op: op === '!=' ? '!=' : '=', value: unescapeValue(value) };
}

function unescapeValue(value: string): string {
  if (!/[\\,=]/.test(value)) return value;
  let out = '';
  for (let i = 0; i < value.length; i++) {
    const char = value[i] ?? '';
    if (char !== '\\') {
      if (char === ',' || char === '=') {
        throw statusErrors.badRequest(`invalid field selector: unescaped character in value: ${char.charCodeAt(0)}`);
      }
      out += char;
      continue;
    }
    const escaped = value[++i];
    if (escaped === undefined) throw statusErrors.badRequest('invalid field selector: invalid escape sequence: \\');
    if (!'\\,='.includes(escaped)) {
      throw statusErrors.badRequest(`invalid field selector: invalid escape sequence: \\${escaped}`);
    }
    out += escaped;
  }
  return out;
}

function escapeValue(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&');
}
