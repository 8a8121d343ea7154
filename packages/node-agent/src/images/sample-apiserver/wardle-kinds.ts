/**
 * The kinds of wardle.example.com: flunders (namespaced, v1alpha1 and v1beta1) and fischers (v1alpha1)
 * (upstream: k8s.io/sample-apiserver/pkg/apis/wardle).
 *
 * Objects are kept in one form, in which a flunder refers to a flunder or a fischer by a field each; v1alpha1 has one field
 * and a type. What a version does not have is dropped when it is read, and told to who asked to be told.
 */
import { type FieldError, FieldPath, fieldErrors, type KubeObject, statusErrors } from '@regatta/api';

export const GROUP = 'wardle.example.com';
const V1ALPHA1 = 'v1alpha1';
const V1BETA1 = 'v1beta1';

interface FlunderSpec {
  readonly flunderReference?: string;
  readonly fischerReference?: string;
  readonly referenceType?: string;
}

/** As it is kept. */
export interface Wardle {
  readonly metadata: KubeObject['metadata'];
  readonly spec?: FlunderSpec;
  readonly disallowedFlunders?: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

export interface WardleKind {
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly versions: readonly string[];
  /** @throws StatusError 400 for a field of another type */
  decode(version: string, fields: Fields): Omit<Wardle, 'metadata'>;
  encode(version: string, object: Wardle): object;
  /** Fields of a version, with the fields of those that have some; for strict reading and for the schema. */
  fields(version: string): Readonly<Record<string, FieldShape>>;
  validate(object: Wardle): FieldError[];
}

export type FieldShape = 'string' | 'strings' | Readonly<Record<string, 'string'>>;

const ALPHA_SPEC = { reference: 'string', referenceType: 'string' } as const;
const BETA_SPEC = { fischerReference: 'string', flunderReference: 'string', referenceType: 'string' } as const;

const FLUNDER: WardleKind = {
  resource: 'flunders',
  singular: 'flunder',
  kind: 'Flunder',
  namespaced: true,
  versions: [V1BETA1, V1ALPHA1],
  decode: (version, { spec }) => ({ spec: version === V1ALPHA1 ? fromAlpha(spec) : textFields(spec, BETA_SPEC) }),
  encode: (version, { spec = {} }) => ({ spec: version === V1ALPHA1 ? toAlpha(spec) : spec, status: {} }),
  fields: (version): Readonly<Record<string, FieldShape>> => ({
    spec: version === V1ALPHA1 ? ALPHA_SPEC : BETA_SPEC,
    status: {},
  }),
  validate: ({ spec = {} }) => flunderErrors(spec),
};

const FISCHER: WardleKind = {
  resource: 'fischers',
  singular: 'fischer',
  kind: 'Fischer',
  namespaced: false,
  versions: [V1ALPHA1],
  decode: (_version, { disallowedFlunders }) =>
    disallowedFlunders === undefined || disallowedFlunders === null
      ? {}
      : { disallowedFlunders: texts(disallowedFlunders, 'disallowedFlunders') },
  encode: (_version, { disallowedFlunders }) => (disallowedFlunders?.length ? { disallowedFlunders } : {}),
  fields: () => ({ disallowedFlunders: 'strings' }),
  validate: () => [],
};

export const VERSIONS: readonly string[] = [V1BETA1, V1ALPHA1];

export function kindsOf(version: string): readonly WardleKind[] {
  return [FISCHER, FLUNDER].filter(({ versions }) => versions.includes(version));
}

/** v1alpha1's one reference, of the type Flunder unless told (upstream: v1alpha1/{defaults,conversion}.go). */
function fromAlpha(value: unknown): FlunderSpec {
  const { reference, referenceType: given } = textFields(value, ALPHA_SPEC);
  const referenceType = given ?? (reference ? 'Flunder' : undefined);
  if (referenceType === undefined) return {};
  const field = referenceType === 'Fischer' ? 'fischerReference' : 'flunderReference';
  return { referenceType, ...(reference ? { [field]: reference } : {}) };
}

function toAlpha({ flunderReference, fischerReference, referenceType }: FlunderSpec): object {
  const reference = flunderReference || fischerReference;
  return { ...(reference ? { reference } : {}), ...(referenceType ? { referenceType } : {}) };
}

function textFields<F extends string>(
  value: unknown,
  fields: Readonly<Record<F, 'string'>>,
): { readonly [name in F]?: string } {
  const given = Object.entries(asFields(value)).filter(([name, of]) => Object.hasOwn(fields, name) && of !== null);
  const read = given.map(([name, of]) => [name, text(of, `spec.${name}`)]);
  return Object.fromEntries(read) as { readonly [name in F]?: string };
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** @throws StatusError 400 */
function text(value: unknown, field: string): string {
  if (typeof value === 'string') return value;
  throw statusErrors.badRequest(`json: cannot unmarshal ${typeof value} into Go struct field ${field} of type string`);
}

/** @throws StatusError 400 */
function texts(value: unknown, field: string): string[] {
  if (Array.isArray(value)) return value.map((each) => text(each, field));
  throw statusErrors.badRequest(
    `json: cannot unmarshal ${typeof value} into Go struct field ${field} of type []string`,
  );
}

/** Upstream: pkg/apis/wardle/validation/validation.go. */
function flunderErrors({
  flunderReference = '',
  fischerReference = '',
  referenceType = '',
}: FlunderSpec): FieldError[] {
  const spec = FieldPath.root('spec');
  const of = (field: string, value: string, detail: string): FieldError =>
    fieldErrors.invalid(spec.child(field), value, detail);
  const errors: FieldError[] = [];
  if (flunderReference !== '' && fischerReference !== '') {
    errors.push(of('fischerReference', fischerReference, 'cannot be set with flunderReference at the same time'));
  } else if (flunderReference !== '' && referenceType !== 'Flunder') {
    errors.push(of('flunderReference', flunderReference, 'cannot be set if referenceType is not Flunder'));
  } else if (fischerReference !== '' && referenceType !== 'Fischer') {
    errors.push(of('fischerReference', fischerReference, 'cannot be set if referenceType is not Fischer'));
  } else if (fischerReference === '' && referenceType === 'Fischer') {
    errors.push(of('fischerReference', fischerReference, 'cannot be empty if referenceType is Fischer'));
  } else if (flunderReference === '' && referenceType === 'Flunder') {
    errors.push(of('flunderReference', flunderReference, 'cannot be empty if referenceType is Flunder'));
  }
  if (!['', 'Flunder', 'Fischer'].includes(referenceType)) {
    errors.push(of('referenceType', referenceType, 'must be Flunder or Fischer'));
  }
  return errors;
}

/** `unknown field "spec.x"` for each field of a body that the version doesn't have. */
export function unknownFields(kind: WardleKind, version: string, body: Fields): string[] {
  const known = kind.fields(version);
  return Object.entries(body).flatMap(([name, value]) => {
    if (['apiVersion', 'kind', 'metadata'].includes(name)) return [];
    const shape = Object.hasOwn(known, name) ? known[name] : undefined;
    if (shape === undefined) return [`unknown field ${JSON.stringify(name)}`];
    if (typeof shape === 'string') return [];
    const inner = Object.keys(asFields(value)).filter((field) => !Object.hasOwn(shape, field));
    return inner.map((field) => `unknown field ${JSON.stringify(`${name}.${field}`)}`);
  });
}
