/**
 * How a type divides into owned fields: what is a field of its own, what is owned as a whole. Compiled once per type.
 * (upstream: the schema that structured-merge-diff makes from x-kubernetes-list-type and -map-type)
 */
import { getKey, isJsonObject } from '../json/clone-json.ts';
import type { TypeSource } from '../schema/decoder.ts';
import type { FieldInfo, Shape, TypeInfo } from '../schema/type-info.ts';

export type FieldPlan =
  /** Nobody owns it. */
  | { readonly kind: 'skip' }
  /** Owned as a whole: scalars, atomic lists and maps, values without a schema. */
  | { readonly kind: 'leaf' }
  | { readonly kind: 'struct'; plan(field: string): FieldPlan }
  | {
      readonly kind: 'map';
      readonly values: FieldPlan;
      /** Values may as well be no maps. */
      readonly deduced?: true;
    }
  /** A list whose items have identities: the path elements of its items. */
  | { readonly kind: 'list'; readonly items: FieldPlan; element(item: unknown): string };

const LEAF_PLAN: FieldPlan = { kind: 'leaf' };
const SKIP_PLAN: FieldPlan = { kind: 'skip' };
/** Maps all the way down; what turns out to be a list or a scalar is owned as a whole. */
const DEDUCED_PLAN: FieldPlan = {
  kind: 'map',
  deduced: true,
  get values() {
    return DEDUCED_PLAN;
  },
};

const plansBySource = new WeakMap<TypeSource, Map<string, FieldPlan>>();

export function fieldPlan(types: TypeSource, typeId: string): FieldPlan {
  let plans = plansBySource.get(types);
  if (!plans) {
    plans = new Map();
    plansBySource.set(types, plans);
  }
  const known = plans.get(typeId);
  if (known) return known;
  const plan = typePlan(types, types.type(typeId));
  plans.set(typeId, plan);
  return plan;
}

/** The plan without these fields and all below them. */
export function planWithout(plan: FieldPlan, paths: readonly (readonly string[])[]): FieldPlan {
  if (plan.kind !== 'struct' || paths.length === 0) return plan;
  const whole = new Set(paths.filter((path) => path.length === 1).map(([first]) => first));
  const partly = new Map<string, FieldPlan>();
  for (const [first = ''] of paths) {
    const below = paths.filter((path) => path[0] === first && path.length > 1).map((path) => path.slice(1));
    if (below.length > 0 && !partly.has(first)) partly.set(first, planWithout(plan.plan(first), below));
  }
  return { kind: 'struct', plan: (name) => (whole.has(name) ? SKIP_PLAN : (partly.get(name) ?? plan.plan(name))) };
}

function typePlan(types: TypeSource, type: TypeInfo): FieldPlan {
  if (type.mapType === 'atomic') return LEAF_PLAN;
  // Filled as fields are met: types refer to themselves.
  const fields = new Map<string, FieldPlan>();
  return {
    kind: 'struct',
    plan(name) {
      let plan = fields.get(name);
      if (!plan) {
        const field = type.fields.get(name);
        plan = field ? planOf(types, field) : type.open ? DEDUCED_PLAN : LEAF_PLAN;
        fields.set(name, plan);
      }
      return plan;
    },
  };
}

function planOf(types: TypeSource, field: FieldInfo): FieldPlan {
  const { shape } = field;
  switch (shape.kind) {
    case 'object':
      return field.mapType === 'atomic' ? LEAF_PLAN : fieldPlan(types, shape.typeId);
    case 'map':
      return field.mapType === 'atomic' ? LEAF_PLAN : { kind: 'map', values: shapePlan(types, shape.values) };
    case 'list':
      return listPlan(types, field, shape.items);
    case 'deduced':
      return DEDUCED_PLAN;
    default:
      return LEAF_PLAN;
  }
}

function shapePlan(types: TypeSource, shape: Shape): FieldPlan {
  if (shape.kind === 'deduced') return DEDUCED_PLAN;
  if (shape.kind === 'map') return { kind: 'map', values: shapePlan(types, shape.values) };
  return shape.kind === 'object' ? fieldPlan(types, shape.typeId) : LEAF_PLAN;
}

function listPlan(types: TypeSource, field: FieldInfo, items: Shape): FieldPlan {
  if (field.listType === 'set')
    return { kind: 'list', items: LEAF_PLAN, element: (item) => `v:${JSON.stringify(item)}` };
  if (field.listType !== 'map') return LEAF_PLAN;
  const itemType = items.kind === 'object' ? types.type(items.typeId) : undefined;
  const keys = [...field.listMapKeys].sort();
  const defaults = keys.map((key) => itemType?.fields.get(key)?.default);
  return {
    kind: 'list',
    items: shapePlan(types, items),
    element(item) {
      const parts = keys.map((key, i) => {
        const value = isJsonObject(item) ? getKey(item, key) : undefined;
        return `${JSON.stringify(key)}:${JSON.stringify(value ?? defaults[i] ?? null)}`;
      });
      return `k:{${parts.join(',')}}`;
    },
  };
}
