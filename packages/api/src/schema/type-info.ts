/**
 * A type of the API, ready for the things compiled from it (decoder, defaults, field sets, patches, OpenAPI).
 * Owns the reading of raw facts; everything else reads TypeInfo.
 *
 * Objects here are JSON values shaped as Go would encode them. What becomes of a field without content differs by field
 * (upstream: struct tags and pointers in staging/src/k8s.io/api); `zero` says how:
 * - `pointer`     absent when not given; a given empty value stays
 * - `pointer-null` as pointer, but null is written when not given
 * - `omit`        absent when empty ("" 0 false [] {})
 * - `struct`      always there, as an object of its own zero fields
 * - `omit-struct` absent when all its fields are
 * - `keep`        always there: "" 0 false, or null for lists and maps
 */
import type { RawProperty, RawType } from './raw-facts.ts';

export type ZeroRule = 'pointer' | 'pointer-null' | 'omit' | 'struct' | 'omit-struct' | 'keep';

export type ScalarKind =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'double'
  | 'bytes'
  | 'quantity'
  | 'int-or-string'
  | 'time'
  | 'micro-time';

export type Shape =
  | { readonly kind: ScalarKind; readonly goType: string }
  /** Any JSON value, kept as it came. */
  | { readonly kind: 'raw'; readonly goType: string; readonly typeId: string }
  /** Any JSON value, whose members are owned one by one, as custom resources have them. */
  | { readonly kind: 'deduced'; readonly goType: string }
  | { readonly kind: 'object'; readonly goType: string; readonly typeId: string }
  /** A schema, or what may stand in its place (JSONSchemaPropsOrBool …). */
  | {
      readonly kind: 'schema-or';
      readonly goType: string;
      readonly typeId: string;
      readonly other: 'bool' | 'array' | 'strings';
    }
  | { readonly kind: 'list'; readonly goType: string; readonly items: Shape }
  | { readonly kind: 'map'; readonly goType: string; readonly values: Shape };

export interface FieldInfo {
  readonly name: string;
  readonly shape: Shape;
  readonly zero: ZeroRule;
  readonly required: boolean;
  /** The Go struct that is embedded and holds this field: it appears in Go's error messages. */
  readonly embeddedIn?: string;
  readonly default?: unknown;
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys: readonly string[];
  readonly mapType?: 'atomic' | 'granular';
  readonly patchStrategies: readonly string[];
  readonly patchMergeKey?: string;
  readonly raw: RawProperty;
}

export interface TypeInfo {
  readonly id: string;
  /** `Container`: as Go's messages name the struct. */
  readonly name: string;
  /** `v1.Container` */
  readonly goType: string;
  /** In Go's order. */
  readonly fields: ReadonlyMap<string, FieldInfo>;
  readonly mapType?: 'atomic' | 'granular';
  /** It may have fields that nobody declared: custom resources that preserve what is unknown. */
  readonly open?: true;
  readonly raw: RawType;
}

const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
/** Types that are scalars in JSON, though their facts are types of their own. */
const SCALARS: Readonly<Record<string, ScalarKind>> = {
  [QUANTITY]: 'quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'int-or-string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'micro-time',
};

const ZERO_BY_LETTER: Readonly<Record<string, ZeroRule>> = {
  p: 'pointer',
  n: 'pointer-null',
  v: 'omit',
  s: 'struct',
  z: 'omit-struct',
  r: 'keep',
};

interface GoField {
  readonly name: string;
  readonly zero: ZeroRule;
  readonly goType?: string;
  readonly embeddedIn?: string;
}

/** @param goFields the type's line of go-fields.json, if it has one; fields it doesn't know follow by API convention */
export function compileTypeInfo(
  id: string,
  raw: RawType,
  goFields: string | undefined,
  typeOf: (id: string) => RawType | undefined,
): TypeInfo {
  const properties = raw.properties ?? {};
  const known = (goFields ?? '').split(' ').filter(Boolean).map(parseGoField);
  const names = new Set(known.map((f) => f.name));
  const rest = Object.keys(properties).filter((name) => !names.has(name));
  const required = new Set(raw.required ?? []);
  const fields = new Map<string, FieldInfo>();
  for (const go of [...known, ...rest.map((name): Partial<GoField> & { name: string } => ({ name }))]) {
    const property = properties[go.name];
    if (property) fields.set(go.name, fieldInfo(go, property, required.has(go.name), typeOf));
  }
  const name = id.slice(id.lastIndexOf('.') + 1);
  return { id, name, goType: goTypeOf(id), fields, ...(raw.mapType ? { mapType: raw.mapType } : {}), raw };
}

function parseGoField(text: string): GoField {
  const [spec = '', embeddedIn] = text.split('@');
  const [name = '', letter = '', ...type] = spec.split(':');
  const goType = type.join(':');
  return {
    name,
    zero: ZERO_BY_LETTER[letter] ?? 'omit',
    ...(goType === '' ? {} : { goType }),
    ...(embeddedIn === undefined ? {} : { embeddedIn }),
  };
}

function fieldInfo(
  go: Partial<GoField> & { name: string },
  raw: RawProperty,
  required: boolean,
  typeOf: (id: string) => RawType | undefined,
): FieldInfo {
  const shape = shapeOf(raw, go.goType, typeOf);
  return {
    name: go.name,
    shape,
    zero: go.zero ?? conventionalZero(shape, required),
    required,
    listMapKeys: raw.listMapKeys ?? [],
    patchStrategies: raw.patchStrategy?.split(',') ?? [],
    raw,
    ...(go.embeddedIn === undefined ? {} : { embeddedIn: go.embeddedIn }),
    ...(raw.default === undefined ? {} : { default: raw.default }),
    ...(raw.listType ? { listType: raw.listType } : {}),
    ...(raw.mapType ? { mapType: raw.mapType } : {}),
    ...(raw.patchMergeKey ? { patchMergeKey: raw.patchMergeKey } : {}),
  };
}

/** What every object and list has, given or not. */
const METADATA = ['ObjectMeta', 'ListMeta'].map((name) => `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`);

/** How new API types are written: optional scalars and structs are pointers. */
function conventionalZero(shape: Shape, required: boolean): ZeroRule {
  if (shape.kind === 'object' && METADATA.includes(shape.typeId)) return 'struct';
  if (shape.kind === 'list' || shape.kind === 'map') return required ? 'keep' : 'omit';
  if (shape.kind === 'object' || shape.kind === 'time') return required ? 'struct' : 'pointer';
  return required ? 'keep' : shape.kind === 'string' ? 'omit' : 'pointer';
}

function shapeOf(raw: RawProperty, goType: string | undefined, typeOf: (id: string) => RawType | undefined): Shape {
  if (raw.ref) return refShape(raw.ref, goType, typeOf);
  switch (raw.type) {
    case 'array': {
      const items = shapeOf(raw.items ?? {}, goType?.startsWith('[]') ? goType.slice(2) : undefined, typeOf);
      return { kind: 'list', goType: goType ?? `[]${items.goType}`, items };
    }
    case 'integer':
      return raw.format === 'int64' ? { kind: 'int64', goType: 'int64' } : { kind: 'int32', goType: 'int32' };
    case 'number':
      return { kind: 'double', goType: 'float64' };
    case 'boolean':
      return { kind: 'boolean', goType: 'bool' };
    case 'string':
      return raw.format === 'byte'
        ? { kind: 'bytes', goType: '[]uint8' }
        : { kind: 'string', goType: goType ?? 'string' };
    default:
      return mapShape(raw, goType, typeOf);
  }
}

function mapShape(raw: RawProperty, goType: string | undefined, typeOf: (id: string) => RawType | undefined): Shape {
  if (!raw.additionalProperties) return { kind: 'raw', goType: goType ?? 'runtime.RawExtension', typeId: '' };
  const valueType = goType?.startsWith('map[') ? goType.slice(goType.indexOf(']') + 1) : undefined;
  const values = shapeOf(raw.additionalProperties, valueType, typeOf);
  return { kind: 'map', goType: goType ?? `map[string]${values.goType}`, values };
}

function refShape(ref: string, goType: string | undefined, typeOf: (id: string) => RawType | undefined): Shape {
  const scalar = SCALARS[ref];
  if (scalar) return { kind: scalar, goType: goTypeOf(ref) };
  const other = Object.hasOwn(SCHEMA_OR, ref) ? SCHEMA_OR[ref] : undefined;
  if (other) return { kind: 'schema-or', goType: goTypeOf(ref), typeId: JSON_SCHEMA, other };
  const kind = typeOf(ref)?.properties || EMPTY_STRUCTS.has(ref) ? 'object' : 'raw';
  return { kind, goType: goType ?? goTypeOf(ref), typeId: ref };
}

const APIEXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
const JSON_SCHEMA = `${APIEXTENSIONS}.JSONSchemaProps`;
const SCHEMA_OR: Readonly<Record<string, 'bool' | 'array' | 'strings'>> = {
  [`${APIEXTENSIONS}.JSONSchemaPropsOrBool`]: 'bool',
  [`${APIEXTENSIONS}.JSONSchemaPropsOrArray`]: 'array',
  [`${APIEXTENSIONS}.JSONSchemaPropsOrStringArray`]: 'strings',
};

/** Types without fields that are structs all the same, so that anything inside them is unknown. */
const EMPTY_STRUCTS: ReadonlySet<string> = new Set([
  'io.k8s.api.apiserverinternal.v1alpha1.StorageVersionSpec',
  'io.k8s.api.scheduling.v1alpha2.BasicSchedulingPolicy',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus',
]);

/** `io.k8s.api.core.v1.Container` → `v1.Container` */
function goTypeOf(id: string): string {
  return id.split('.').slice(-2).join('.');
}
