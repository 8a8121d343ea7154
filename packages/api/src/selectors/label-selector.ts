/**
 * Label selectors (upstream: k8s.io/apimachinery/pkg/labels): the text form of requests, and the object form in specs.
 */
import type { LabelSelector } from '../generated/kinds.ts';
import { goQuote } from '../go-quote.ts';
import { statusErrors } from '../status-error.ts';
import { parseRequirements } from './label-parser.ts';
import { checkRequirement } from './label-requirement.ts';

export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'exists' | '!' | 'gt' | 'lt';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Sorted, without repeats. */
  readonly values: readonly string[];
}

export interface LabelMatcher {
  readonly requirements: readonly LabelRequirement[];
  /** Matches whatever there is. */
  readonly isEverything: boolean;
  matches(labels: Readonly<Record<string, string>> | undefined): boolean;
  /** Upstream's text form: sorted by key. */
  toString(): string;
}

/** @throws StatusError BadRequest with upstream's text */
export function parseLabelSelector(text: string): LabelMatcher {
  return matcher(parseRequirements(text));
}

const NOTHING: LabelMatcher = { requirements: [], isEverything: false, matches: () => false, toString: () => '' };

const OBJECT_OPERATORS: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

/** No selector matches nothing, an empty one everything. @throws StatusError BadRequest when it isn't valid */
export function labelSelectorFrom(selector: LabelSelector | undefined | null): LabelMatcher {
  if (!selector) return NOTHING;
  const requirements: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    requirements.push(checkRequirement({ key, operator: '=', values: [value] }));
  }
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const op = Object.hasOwn(OBJECT_OPERATORS, operator) ? OBJECT_OPERATORS[operator] : undefined;
    if (!op) throw statusErrors.badRequest(`${goQuote(operator)} is not a valid label selector operator`);
    requirements.push(checkRequirement({ key, operator: op, values: [...new Set(values ?? [])].sort() }));
  }
  return matcher(requirements);
}

function matcher(unsorted: readonly LabelRequirement[]): LabelMatcher {
  const requirements = [...unsorted].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const tests = requirements.map(compile);
  return {
    requirements,
    isEverything: requirements.length === 0,
    matches: (labels = {}) => tests.every((test) => test(labels)),
    toString: () => requirements.map(formatRequirement).join(','),
  };
}

type Test = (labels: Readonly<Record<string, string>>) => boolean;

function compile({ key, operator, values }: LabelRequirement): Test {
  const read = (labels: Readonly<Record<string, string>>): string | undefined =>
    Object.hasOwn(labels, key) ? labels[key] : undefined;
  const set = new Set(values);
  switch (operator) {
    case 'in':
    case '=':
    case '==': {
      return (labels) => set.has(read(labels) as string);
    }
    case 'notin':
    case '!=':
      return (labels) => !set.has(read(labels) as string);
    case 'exists':
      return (labels) => read(labels) !== undefined;
    case '!':
      return (labels) => read(labels) === undefined;
    default:
      return comparison(operator, values[0] ?? '', read);
  }
}

function comparison(
  operator: 'gt' | 'lt',
  bound: string,
  read: (labels: Readonly<Record<string, string>>) => string | undefined,
): Test {
  const limit = BigInt(bound);
  return (labels) => {
    const value = read(labels);
    if (value === undefined || !/^[+-]?\d+$/.test(value)) return false;
    return operator === 'gt' ? BigInt(value) > limit : BigInt(value) < limit;
  };
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`;
    case 'gt':
      return `${key}>${values[0] ?? ''}`;
    case 'lt':
      return `${key}<${values[0] ?? ''}`;
    default:
      return `${key}${operator}${values[0] ?? ''}`;
  }
}
