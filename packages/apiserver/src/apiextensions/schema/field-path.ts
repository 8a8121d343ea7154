/**
 * Where a path such as `.spec.parts['a b'].name` leads in a schema
 * (upstream: ValidFieldPath of apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go).
 */
import { additionalOf, isSchema, itemsOf, type Structural } from './structural.ts';

const NAME = /^\.([A-Za-z_$][A-Za-z0-9_$-]*|\d+)/;
const QUOTED = /^\['((?:[^'\\]|\\.)*)'\]/;
const INDEX = /^\[(\d+)\]/;

export interface PathStep {
  readonly name: string;
  readonly schema: Structural;
}

/** The steps of the path; an Error that says what is wrong with it. */
export function pathSteps(path: string, schema: Structural, withIndexes: boolean): readonly PathStep[] | Error {
  const steps: PathStep[] = [];
  let rest = path.startsWith('.') || path.startsWith('[') ? path : `.${path}`;
  let current = schema;
  while (rest !== '') {
    const index = withIndexes ? INDEX.exec(rest) : null;
    const match = index ?? NAME.exec(rest) ?? QUOTED.exec(rest);
    if (!match) return new Error(`expected [ or . but got: ${rest.slice(0, 1)}`);
    const name = (match[1] ?? '').replace(/\\(.)/g, '$1');
    const next = index ? itemsOf(current) : memberOf(current, name);
    if (!next) return new Error(`does not refer to a valid field`);
    steps.push({ name, schema: next });
    current = next;
    rest = rest.slice(match[0].length);
  }
  return steps;
}

export function findSchema(path: string, schema: Structural, withIndexes: boolean): Structural | Error {
  const steps = pathSteps(path, schema, withIndexes);
  return steps instanceof Error ? steps : (steps.at(-1)?.schema ?? schema);
}

function memberOf(schema: Structural, name: string): Structural | undefined {
  const property = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined;
  if (property) return property;
  const more = additionalOf(schema);
  return isSchema(more) ? more : undefined;
}
