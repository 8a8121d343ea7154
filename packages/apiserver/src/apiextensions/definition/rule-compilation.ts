/**
 * The rules of a schema must compile, and cost little enough in the worst case
 * (upstream: ValidateCustomResourceDefinitionOpenAPISchema of apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go).
 */
import { jsonEqual } from '@regatta/api';
import { internalForm } from '../../kinds/internal/internal-form.ts';
import { ErrorList } from '../../kinds/validation/error-list.ts';
import type { Path } from '../../kinds/validation/path.ts';
import { type CompiledRule, compileRule } from '../rules/compile-rule.ts';
import { declType, maxCardinality, maxItemsOf, maxPropertiesOf } from '../rules/decl-type.ts';
import {
  additionalOf,
  isEmbeddedResource,
  isSchema,
  itemsOf,
  propertiesOf,
  type Structural,
} from '../schema/structural.ts';

const RULE_TYPE = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ValidationRule';
/** Upstream: StaticEstimatedCostLimit, of one expression. */
const EXPRESSION_LIMIT = 10_000_000;
/** Upstream: StaticEstimatedCRDCostLimit, of all expressions of a schema. */
const SCHEMA_LIMIT = 100_000_000;
/** How many of the most expensive expressions are named. */
const NAMED = 4;

interface Expensive {
  readonly at: Path;
  readonly cost: number;
}

interface Walk {
  readonly errors: ErrorList;
  readonly costs: Expensive[];
  /** The schema stood as it is before: what was accepted once is. */
  readonly unchanged: boolean;
}

interface Node {
  readonly at: Path;
  readonly schema: Structural;
  readonly isRoot: boolean;
  /** How many of these there can be; undefined when nothing bounds it. */
  readonly cardinality: number | undefined;
  /** Above here nothing has an earlier self. */
  readonly uncorrelated: Path | undefined;
}

/** @param before the schema as it was, in an update */
export function checkRules(errors: ErrorList, at: Path, schema: Structural, before: Structural | undefined): void {
  const walk: Walk = { errors: new ErrorList(), costs: [], unchanged: jsonEqual(schema, before) };
  visit(walk, { at, schema, isRoot: true, cardinality: 1, uncorrelated: undefined });
  errors.append(walk.errors);
  const total = walk.costs.reduce((sum, { cost }) => sum + cost, 0);
  if (total <= SCHEMA_LIMIT) return;
  const why = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
  const most = walk.costs.sort((a, b) => b.cost - a.cost).slice(0, NAMED);
  for (const { at: where, cost } of most) if (cost > 0) errors.forbidden(where, why);
  errors.forbidden(
    at,
    costMessage('x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema', total, SCHEMA_LIMIT),
  );
}

function visit(walk: Walk, node: Node): void {
  const { at, schema, cardinality } = node;
  const more = additionalOf(schema);
  if (isSchema(more)) {
    const count = schema.maxProperties === undefined ? undefined : times(cardinality, maxPropertiesOf(schema));
    visit(walk, { ...node, at: at.child('additionalProperties'), schema: more, isRoot: false, cardinality: count });
  }
  const uncorrelated = node.uncorrelated ?? (schema['x-kubernetes-map-type'] === 'atomic' ? at : undefined);
  for (const [name, property] of propertiesOf(schema)) {
    visit(walk, { ...node, at: at.child('properties').key(name), schema: property, isRoot: false, uncorrelated });
  }
  const items = itemsOf(schema);
  if (items) {
    const count = schema.maxItems === undefined ? undefined : times(cardinality, maxItemsOf(schema));
    const isMap = schema['x-kubernetes-list-type'] === 'map';
    visit(walk, {
      at: at.child('items'),
      schema: items,
      isRoot: false,
      cardinality: count,
      uncorrelated: node.uncorrelated ?? (isMap ? undefined : at),
    });
  }
  checkOwn(walk, node);
}

function times(a: number | undefined, b: number): number | undefined {
  return a === undefined ? undefined : a * b;
}

function checkOwn(walk: Walk, node: Node): void {
  const { at, schema, isRoot } = node;
  const rules = schema['x-kubernetes-validations'] ?? [];
  const type = rules.length > 0 ? declType(schema, isRoot || isEmbeddedResource(schema)) : undefined;
  if (!type) return;
  for (const [i, rule] of rules.entries()) {
    checkRule(walk, node, at.child('x-kubernetes-validations').index(i), compileRule(rule, type));
  }
}

function checkRule(walk: Walk, node: Node, at: Path, compiled: CompiledRule): void {
  const { errors } = walk;
  const { rule, program, message, problem, messageProblem } = compiled;
  const count = node.cardinality ?? maxCardinality(node.schema);
  observe(walk, at.child('rule'), 'estimated rule cost', program ? program.maxCost * count : 0);
  if (problem !== undefined) errors.invalid(at.child('rule'), internalForm(RULE_TYPE, rule), problem);
  if (messageProblem !== undefined)
    errors.invalid(at.child('messageExpression'), internalForm(RULE_TYPE, rule), messageProblem);
  else if (message) observe(walk, at.child('messageExpression'), 'estimated messageExpression cost', message.maxCost);
  if (compiled.usesOldSelf) {
    const above = node.uncorrelated;
    if (!above) return;
    errors.invalid(
      at.child('rule'),
      rule.rule,
      `oldSelf cannot be used on the uncorrelatable portion of the schema within ${above}`,
    );
  } else if (rule.optionalOldSelf !== undefined && program) {
    errors.invalid(at.child('optionalOldSelf'), rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule');
  }
}

function observe({ errors, costs, unchanged }: Walk, at: Path, name: string, cost: number): void {
  costs.push({ at, cost });
  if (!unchanged && cost > EXPRESSION_LIMIT) errors.forbidden(at, costMessage(name, cost, EXPRESSION_LIMIT));
}

function costMessage(name: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const text = factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${name} exceeds budget by factor of ${text} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
