/**
 * The annotation in which `kubectl apply` of old keeps what it applied: it counts as ownership for the manager `kubectl`,
 * and is kept up to date (upstream: managedfields/internal/lastapplied*.go).
 */
import { isJsonObject } from '../json/clone-json.ts';
import { MAX_ANNOTATIONS_BYTES } from '../validation/object-meta.ts';
import type { ApplyRequest } from './apply.ts';
import { configProblem } from './check-config.ts';
import { changedFields } from './compare.ts';
import type { FieldPlan } from './field-plan.ts';
import { fieldSetOf } from './field-set.ts';
import { difference, type FieldTree } from './field-tree.ts';

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

type Annotated = { metadata?: { annotations?: Record<string, string> } };

/** Fields that the annotation mentions with the values that they still have; undefined when it says nothing usable. */
export function allowedByLastApplied(request: ApplyRequest, plan: FieldPlan): FieldTree | undefined {
  const { versions, apiVersion, live } = request;
  const applied = parsed((live as Annotated).metadata?.annotations?.[LAST_APPLIED]);
  const typeId = versions.typeId(apiVersion);
  if (!applied || applied['apiVersion'] !== apiVersion || typeId === undefined) return undefined;
  if (configProblem(versions.types, typeId, applied) !== undefined) return undefined;
  const mentioned = fieldSetOf(plan, applied);
  return mentioned && difference(mentioned, changedFields(plan, live, applied, true));
}

function parsed(text: string | undefined): Record<string, unknown> | undefined {
  if (!text) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The object with what was applied in its annotation; undefined when it has no such annotation, or the right one. */
export function refreshLastApplied(object: Annotated, config: object): object | undefined {
  const { [LAST_APPLIED]: before, ...others } = object.metadata?.annotations ?? {};
  if (!before) return undefined;
  const text = `${goJson(withoutAnnotation(config))}\n`;
  if (text === before) return undefined;
  const annotations = { ...others, [LAST_APPLIED]: text };
  const fits = bytesOf(annotations) <= MAX_ANNOTATIONS_BYTES;
  return { ...object, metadata: { ...object.metadata, annotations: fits ? annotations : others } };
}

function withoutAnnotation(config: Annotated): object {
  const annotations = config.metadata?.annotations;
  if (!annotations || !Object.hasOwn(annotations, LAST_APPLIED)) return config;
  const { [LAST_APPLIED]: _, ...rest } = annotations;
  return { ...config, metadata: { ...config.metadata, annotations: rest } };
}

function bytesOf(annotations: Readonly<Record<string, string>>): number {
  return Object.entries(annotations).reduce((sum, entry) => sum + Buffer.byteLength(entry.join('')), 0);
}

/** JSON as Go writes maps: sorted keys, `<>&` escaped. */
function goJson(value: unknown): string {
  const text = JSON.stringify(value, (_key, item: unknown) =>
    isJsonObject(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item,
  );
  return text.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
