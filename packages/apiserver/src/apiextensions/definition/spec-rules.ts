/**
 * Which definitions are accepted
 * (upstream: apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go).
 */
import {
  type CustomResourceDefinition,
  type CustomResourceDefinitionSpec,
  type CustomResourceDefinitionVersion,
  isDNS1123Subdomain,
} from '@regatta/api';
import { internalForm, internalForms } from '../../kinds/internal/internal-form.ts';
import type { ErrorList } from '../../kinds/validation/error-list.ts';
import { type Path, SPEC, STATUS } from '../../kinds/validation/path.ts';
import { additionalOf, isSchema, itemsOf, propertiesOf, type Structural } from '../schema/structural.ts';
import { checkColumns, checkSelectableFields, checkSubresources } from './columns.ts';
import { checkConversion } from './conversion-rules.ts';
import { checkDefaults } from './defaults-rules.ts';
import { hoisted } from './hoisted.ts';
import { checkLabel, checkNames, requireNames } from './names.ts';
import { checkRules } from './rule-compilation.ts';
import { checkSchema } from './schema-rules.ts';
import { structuralErrors } from './structural-rules.ts';

type Version = CustomResourceDefinitionVersion;

const SCOPES = ['Cluster', 'Namespaced'];
/** Of a deprecation warning, in characters. */
const LONGEST_WARNING = 256;
const VERSIONS = SPEC.child('versions');
const SCHEMA_TYPE = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';
const VERSION_TYPE = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion';

export function checkSpec(
  errors: ErrorList,
  spec: CustomResourceDefinitionSpec,
  old?: CustomResourceDefinitionSpec,
): void {
  checkGroup(errors, spec.group);
  if (!spec.scope) errors.required(SPEC.child('scope'));
  else if (!SCOPES.includes(spec.scope)) errors.notSupported(SPEC.child('scope'), spec.scope, SCOPES);
  const { shared, versions } = hoisted(spec);
  const all = spec.versions ?? [];
  for (const [i, { schema }] of all.entries()) {
    if (!schema?.openAPIV3Schema) errors.required(VERSIONS.index(i).child('schema').child('openAPIV3Schema'));
  }
  if (spec.preserveUnknownFields && all.some(({ schema }) => hasDefaults(schema?.openAPIV3Schema))) {
    const why = 'must be false in order to use defaults in the schema';
    errors.invalid(SPEC.child('preserveUnknownFields'), true, why);
  }
  for (const [i, version] of versions.entries()) {
    const whole = all[i] ?? version;
    checkVersion(
      errors,
      VERSIONS.index(i),
      version,
      Boolean(whole.subresources?.status),
      schemaBefore(old, version.name),
    );
  }
  checkVersionList(errors, spec.versions && versions);
  requireNames(errors, SPEC.child('names'), spec.names);
  checkNames(errors, SPEC.child('names'), spec.names);
  const hasStatus = all.some(({ subresources }) => subresources?.status);
  const before = schemaBefore(old, all[0]?.name ?? '');
  if (shared.schema) checkValidation(errors, SPEC.child('validation'), shared.schema, hasStatus, before);
  checkSubresources(errors, SPEC.child('subresources'), shared.subresources);
  checkColumns(errors, SPEC.child('additionalPrinterColumns'), shared.additionalPrinterColumns);
  const schema = all[0]?.schema?.openAPIV3Schema;
  checkSelectableFields(errors, SPEC.child('selectableFields'), shared.selectableFields, schema);
  checkConversion(errors, SPEC.child('conversion'), spec);
}

/** Anywhere in a schema, also where there may be none. */
function hasDefaults(schema: Structural | undefined): boolean {
  if (!schema) return false;
  const { allOf = [], anyOf = [], oneOf = [], not } = schema;
  const more = additionalOf(schema);
  const parts = [itemsOf(schema), not, isSchema(more) ? more : undefined, ...allOf, ...anyOf, ...oneOf];
  const members = propertiesOf(schema).map(([, property]) => property);
  return schema.default !== undefined || [...parts, ...members].some(hasDefaults);
}

function schemaBefore(old: CustomResourceDefinitionSpec | undefined, version: string): Structural | undefined {
  return old?.versions.find(({ name }) => name === version)?.schema?.openAPIV3Schema;
}

function checkGroup(errors: ErrorList, group: string): void {
  const at = SPEC.child('group');
  if (!group) {
    errors.required(at);
    return;
  }
  const problems = isDNS1123Subdomain(group);
  if (problems.length > 0) errors.invalid(at, group, problems.join(','));
  else if (!group.includes('.')) errors.invalid(at, group, 'should be a domain with at least one dot');
}

function checkVersion(errors: ErrorList, at: Path, version: Version, hasStatus: boolean, before?: Structural): void {
  checkLabel(errors, at.child('name'), version.name, true);
  for (const why of warningProblems(version)) {
    errors.invalid(at.child('deprecationWarning'), version.deprecationWarning, why);
  }
  if (version.schema) checkValidation(errors, at.child('schema'), version.schema, hasStatus, before);
  checkSubresources(errors, at.child('subresources'), version.subresources);
  checkColumns(errors, at.child('additionalPrinterColumns'), version.additionalPrinterColumns);
  const fields = version.selectableFields;
  checkSelectableFields(errors, at.child('selectableFields'), fields, version.schema?.openAPIV3Schema);
}

function warningProblems({ deprecated, deprecationWarning: warning }: Version): string[] {
  if (warning === undefined) return [];
  if (!deprecated) return ['can only be set for deprecated versions'];
  const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(warning);
  const printable = 'must only contain printable UTF-8 characters; non-printable character found at index';
  return [
    ...(Buffer.byteLength(warning) > LONGEST_WARNING ? [`must be <= ${LONGEST_WARNING} characters long`] : []),
    ...(warning === '' ? ['must not be an empty string'] : []),
    ...(unprintable ? [`${printable} ${Buffer.byteLength(warning.slice(0, unprintable.index))}`] : []),
  ];
}

function checkVersionList(errors: ErrorList, given: readonly Version[] | null | undefined): void {
  const versions = given ?? [];
  const shown = (): unknown => internalForms(VERSION_TYPE, given);
  if (new Set(versions.map(({ name }) => name)).size < versions.length) {
    errors.invalid(VERSIONS, shown(), 'must contain unique version names');
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    errors.invalid(VERSIONS, shown(), 'must have exactly one version marked as storage version');
  }
}

/** Fields that a schema may have at its root where status is written by itself. */
const AT_ROOT = [
  'description',
  'type',
  'format',
  'title',
  'maximum',
  'exclusiveMaximum',
  'minimum',
  'exclusiveMinimum',
  'maxLength',
  'minLength',
  'pattern',
  'maxItems',
  'minItems',
  'uniqueItems',
  'multipleOf',
  'required',
  'items',
  'properties',
  'externalDocs',
  'example',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
];
const AT_ROOT_IN_GO =
  '[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]';

function checkValidation(
  errors: ErrorList,
  path: Path,
  { openAPIV3Schema: schema }: NonNullable<Version['schema']>,
  hasStatus: boolean,
  before: Structural | undefined,
): void {
  if (!schema) return;
  const at = path.child('openAPIV3Schema');
  if (hasStatus) checkRootWithStatus(errors, at, schema);
  if (schema.nullable) errors.forbidden(at.child('nullable'), 'nullable cannot be true at the root');
  const count = errors.length;
  const structural = structuralErrors(at, schema);
  errors.errors.push(...structural);
  if (structural.length === 0) checkDefaults(errors, at, schema);
  const isSound = errors.length === count;
  const beforeSchema = errors.length;
  checkSchema(errors, at, schema);
  if (isSound && errors.length === beforeSchema) checkRules(errors, at, schema, before);
}

function checkRootWithStatus(errors: ErrorList, at: Path, schema: Structural): void {
  if (schema.type && schema.type !== 'object') {
    const why = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    errors.invalid(at.child('type'), schema.type, why);
    return;
  }
  if (Object.keys(schema).every((name) => AT_ROOT.includes(name))) return;
  const why = `only ${AT_ROOT_IN_GO} fields are allowed at the root of the schema if the status subresource is enabled`;
  errors.invalid(at, internalForm(SCHEMA_TYPE, schema), why);
}

export function checkStoredVersions(errors: ErrorList, { spec, status }: CustomResourceDefinition): void {
  const at = STATUS.child('storedVersions');
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0) {
    errors.invalid(at, null, 'must have at least one stored version');
    return;
  }
  for (const { name, storage } of spec.versions ?? []) {
    if (storage && !stored.includes(name)) errors.invalid(at, stored, `must have the storage version ${name}`);
  }
  const known = new Set((spec.versions ?? []).map(({ name }) => name));
  for (const [i, name] of stored.entries()) {
    if (known.has(name)) continue;
    errors.invalid(
      at.index(i),
      name,
      `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
    );
  }
}
