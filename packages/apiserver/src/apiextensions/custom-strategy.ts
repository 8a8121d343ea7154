/**
 * How custom resources differ from each other: what their schema, rules and subresources say
 * (upstream: k8s.io/apiextensions-apiserver/pkg/registry/customresource/{strategy,validator,status_strategy}.go).
 */
import {
  type CustomResourceDefinitionVersion,
  cloneJson,
  type FieldError,
  isJsonObject,
  type KubeObject,
  setKey,
  statusErrors,
} from '@regatta/api';
import type { Strategy } from '../registry/strategy.ts';
import { simplePath, valueAt } from './json-path.ts';
import { compileRules, type Rules } from './rules/compile-rules.ts';
import { compileEmbeddedNames } from './schema/embedded.ts';
import { compileListTypes } from './schema/list-types.ts';
import { compileValidator, Findings } from './schema/schema-validator.ts';
import type { Structural } from './schema/structural.ts';

export interface CustomStrategyParts {
  readonly version: CustomResourceDefinitionVersion;
  readonly schema: Structural;
  readonly kind: string;
  readonly apiVersion: string;
  /** Its definition is being deleted: nothing new may come. */
  readonly terminating: boolean;
}

/** After these, rules would look at an object that isn't what they were written for. */
const BLOCKING: ReadonlySet<FieldError['type']> = new Set([
  'not-supported',
  'required',
  'too-long',
  'too-many',
  'type-invalid',
]);
const RULES_SKIPPED: FieldError = {
  type: 'invalid',
  field: '<nil>',
  badValue: null,
  detail:
    'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

export function customStrategy(parts: CustomStrategyParts): Strategy {
  const { version } = parts;
  const validate = objectValidator(parts);
  const fields = selectableFields(version);
  const scale = scaleOf(version);
  return {
    tracksGeneration: true,
    allowUnconditionalUpdate: false,
    allowCreateOnUpdate: false,
    prepareForCreate() {
      if (parts.terminating) {
        throw statusErrors.methodRefused('create not allowed while custom resource definition is terminating');
      }
    },
    validate: (object) => validate(object, undefined),
    validateUpdate: (object, old) => validate(object, old),
    validateStatusUpdate: (object, old) => validate(object, old),
    fieldLabels: [...fields.keys()],
    selectableFields: (object) => fieldTexts(fields, object),
    ...(scale ? { scale } : {}),
  };
}

type ObjectValidator = (object: KubeObject, old: KubeObject | undefined) => FieldError[];

/** Made at the first write: most definitions of a large installation are never used. */
function objectValidator(parts: CustomStrategyParts): ObjectValidator {
  let made: ObjectValidator | undefined;
  return (object, old) => {
    made ??= makeValidator(parts);
    return made(object, old);
  };
}

function makeValidator({ schema, kind, apiVersion, version }: CustomStrategyParts): ObjectValidator {
  const check = compileValidator(schema);
  const checkEmbedded = compileEmbeddedNames(schema);
  const checkLists = compileListTypes(schema);
  const rules: Rules | undefined = compileRules(schema);
  return (object, old) => {
    const typeErrors = typeMetaErrors(object, kind, apiVersion);
    if (typeErrors.length > 0) return typeErrors;
    const found = new Findings();
    check(object, old, found);
    found.errors.push(...scaleErrors(version, object));
    checkEmbedded?.(object, [], found.errors);
    checkLists?.(object, [], found.errors);
    if (!rules) return found.errors;
    if (found.errors.some((error) => BLOCKING.has(error.type))) return [...found.errors, RULES_SKIPPED];
    return [...found.errors, ...rules.check(object, old)];
  };
}

function typeMetaErrors(object: KubeObject, kind: string, apiVersion: string): FieldError[] {
  const wrong = (field: string, given: unknown, wanted: string): FieldError[] =>
    given === wanted ? [] : [{ type: 'invalid', field, badValue: given, detail: `must be ${wanted}` }];
  return [...wrong('kind', object.kind, kind), ...wrong('apiVersion', object.apiVersion, apiVersion)];
}

function scaleErrors({ subresources }: CustomResourceDefinitionVersion, object: KubeObject): FieldError[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  return [scale.specReplicasPath, scale.statusReplicasPath].flatMap((path): FieldError[] => {
    const value = valueAt(object, simplePath(path) ?? []);
    if (typeof value !== 'number' || value >= 0) return [];
    return [{ type: 'invalid', field: path, badValue: value, detail: 'should be a non-negative integer' }];
  });
}

function selectableFields({
  selectableFields: fields,
}: CustomResourceDefinitionVersion): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const { jsonPath } of fields ?? []) {
    const path = simplePath(jsonPath);
    if (path) found.set(path.join('.'), path);
  }
  return found;
}

function fieldTexts(fields: ReadonlyMap<string, readonly string[]>, object: KubeObject): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [label, path] of fields) {
    const value = valueAt(object, path);
    texts[label] = value === undefined || value === null ? '' : String(value);
  }
  return texts;
}

function scaleOf({ subresources }: CustomResourceDefinitionVersion): Strategy['scale'] {
  const scale = subresources?.scale;
  if (!scale) return undefined;
  const specPath = simplePath(scale.specReplicasPath) ?? [];
  const statusPath = simplePath(scale.statusReplicasPath) ?? [];
  const selectorPath = scale.labelSelectorPath ? simplePath(scale.labelSelectorPath) : undefined;
  return {
    version: 'autoscaling/v1',
    replicas(object) {
      const value = valueAt(object, specPath);
      if (typeof value === 'number') return value;
      throw statusErrors.internal(`the spec replicas field ${JSON.stringify(scale.specReplicasPath)} does not exist`);
    },
    setReplicas: (object, replicas) => setAt(object, specPath, replicas),
    statusReplicas: (object) => Number(valueAt(object, statusPath) ?? 0),
    selector: (object) => String((selectorPath && valueAt(object, selectorPath)) ?? ''),
  };
}

function setAt(object: KubeObject, path: readonly string[], value: number): void {
  let current = object as unknown as Record<string, unknown>;
  for (const name of path.slice(0, -1)) {
    const next = Object.hasOwn(current, name) ? current[name] : undefined;
    const member = isJsonObject(next) ? next : {};
    setKey(current, name, member);
    current = member;
  }
  setKey(current, path.at(-1) ?? '', cloneJson(value));
}
