/**
 * The text form of label selectors: `a=1,b in (x,y),!c`. Follows upstream's grammar and its messages
 * (k8s.io/apimachinery/pkg/labels/selector.go), also where they are peculiar.
 */
import { formatFieldError } from '../field-error.ts';
import { statusErrors } from '../status-error.ts';
import { type Token, type TokenKind, tokenize } from './label-lexer.ts';
import { labelKeyErrors, requirementError } from './label-requirement.ts';
import type { LabelOperator, LabelRequirement } from './label-selector.ts';

const BINARY_OPERATORS = 'in, notin, =, ==, !=, gt, lt';
const OPERATORS: Partial<Record<TokenKind, LabelOperator>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
};

/** @throws StatusError BadRequest */
export function parseRequirements(text: string): LabelRequirement[] {
  return new LabelParser(tokenize(text)).parse();
}

class LabelParser {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const next = this.peek();
      if (next.kind === 'end') return requirements;
      if (next.kind !== 'identifier' && next.kind !== '!') {
        throw fail(`found '${next.text}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.requirement());
      const separator = this.take();
      if (separator.kind === 'end') return requirements;
      if (separator.kind !== ',') throw fail(`found '${separator.text}', expected: ',' or 'end of string'`);
      const after = this.peek();
      if (after.kind !== 'identifier' && after.kind !== '!') {
        throw fail(`found '${after.text}', expected: identifier after ','`);
      }
    }
  }

  private requirement(): LabelRequirement {
    const negated = this.peek().kind === '!';
    if (negated) this.take();
    const key = this.take();
    if (key.kind !== 'identifier') throw inRequirement(`found '${key.text}', expected: identifier`);
    const [keyError] = labelKeyErrors(key.text);
    if (keyError) throw inRequirement(formatFieldError(keyError));
    const next = this.peek();
    if (negated) return { key: key.text, operator: '!', values: [] };
    if (next.kind === 'end' || next.kind === ',') return { key: key.text, operator: 'exists', values: [] };
    const operator = this.operator();
    const values = operator === 'in' || operator === 'notin' ? this.valueList() : [this.exactValue()];
    const requirement = { key: key.text, operator, values: [...new Set(values)].sort() };
    const error = requirementError(requirement);
    if (error !== undefined) throw inRequirement(error);
    return requirement;
  }

  private operator(): LabelOperator {
    const token = this.tokens[this.at++] ?? END;
    const operator = OPERATORS[token.kind];
    if (!operator) throw inRequirement(`found '${token.text}', expected: ${BINARY_OPERATORS}`);
    return operator;
  }

  private exactValue(): string {
    const next = this.peek();
    if (next.kind === 'end' || next.kind === ',') return '';
    const value = this.take();
    if (value.kind !== 'identifier') throw inRequirement(`found '${value.text}', expected: identifier`);
    return value.text;
  }

  private valueList(): string[] {
    const open = this.take();
    if (open.kind !== '(') throw inRequirement(`found '${open.text}' expected: '('`);
    const first = this.peek();
    if (first.kind === ')') {
      this.take();
      return [];
    }
    if (first.kind !== 'identifier' && first.kind !== ',') {
      throw inRequirement(`found '${first.text}', expected: ',', ')' or identifier`);
    }
    const values = this.values();
    if (this.take().kind !== ')') throw inRequirement(`found '${first.text}', expected: ')'`);
    return values;
  }

  /** Identifiers between commas; nothing between two commas is the empty value. Stops before the closing parenthesis. */
  private values(): string[] {
    const values: string[] = [];
    for (;;) {
      const token = this.take();
      if (token.kind === 'identifier') {
        values.push(token.text);
        const next = this.peek();
        if (next.kind === ')') return values;
        if (next.kind !== ',') throw inRequirement(`found '${next.text}', expected: ',' or ')'`);
      } else if (token.kind === ',') {
        if (values.length === 0) values.push('');
        const next = this.peek();
        if (next.kind === ')') return [...values, ''];
        if (next.kind === ',') {
          this.take();
          values.push('');
        }
      } else throw inRequirement(`found '${token.text}', expected: ',', or identifier`);
    }
  }

  /** `in` and `notin` are ordinary words wherever a key or a value stands. */
  private peek(): Token {
    const token = this.tokens[this.at] ?? END;
    return token.kind === 'in' || token.kind === 'notin' ? { kind: 'identifier', text: token.text } : token;
  }

  private take(): Token {
    const token = this.peek();
    this.at++;
    return token;
  }
}

const END: Token = { kind: 'end', text: '' };

function fail(message: string): Error {
  return statusErrors.badRequest(message);
}

function inRequirement(message: string): Error {
  return fail(`unable to parse requirement: ${message}`);
}
