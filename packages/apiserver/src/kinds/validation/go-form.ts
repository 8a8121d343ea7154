/**
 * Values as upstream prints them in field errors: the JSON of its internal Go structs, which have no JSON tags, so that every field
 * shows under its Go name and in Go's order, also those that nobody set (upstream: pkg/apis/<group>/types.go).
 */

export type GoForm = (value: unknown) => unknown;

/** A field of a struct: its form, or that and its name in the API where that isn't the Go name with a small first letter. */
type GoField = GoForm | readonly [jsonName: string, form: GoForm];

const scalar =
  (zero: unknown): GoForm =>
  (value) =>
    value ?? zero;

export const goString: GoForm = scalar('');
export const goInt: GoForm = scalar(0);
export const goBool: GoForm = scalar(false);
/** What prints itself: quantities, times, raw JSON; and pointers to scalars. */
export const goAny: GoForm = scalar(null);

export function goPointer(form: GoForm): GoForm {
  return (value) => (value === undefined || value === null ? null : form(value));
}

export function goList(item: GoForm): GoForm {
  return (value) => (Array.isArray(value) ? value.map(item) : null);
}

export function goMap(item: GoForm): GoForm {
  return (value) => (isObject(value) ? Object.fromEntries(Object.keys(value).sort().map(entryOf(value, item))) : null);
}

function entryOf(of: object, item: GoForm): (key: string) => [string, unknown] {
  return (key) => [key, item(Reflect.get(of, key))];
}

export function goStruct(fields: Readonly<Record<string, GoField>>): GoForm {
  const plan = Object.entries(fields).map(([name, field]) => {
    const [jsonName, form] = typeof field === 'function' ? [jsonNameOf(name), field] : field;
    return { name, jsonName, form };
  });
  return (value) => {
    const from: object = isObject(value) ? value : {};
    return Object.fromEntries(plan.map(({ name, jsonName, form }) => [name, form(Reflect.get(from, jsonName))]));
  };
}

/** `NodeName` → `nodeName`, `CEL` → `cel`. */
function jsonNameOf(name: string): string {
  return /^[A-Z]+$/.test(name) ? name.toLowerCase() : name.charAt(0).toLowerCase() + name.slice(1);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
