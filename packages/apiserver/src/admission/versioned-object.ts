/**
 * The objects of a request in a version that somebody asked for, and what became of them back in the request's own
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/conversion.go).
 *
 * A target is a version of the requested resource, or, for what is no object of the API, the request as it stands.
 */
import { DecodeError, DecodeReport, type KubeObject, statusErrors } from '@regatta/api';
import type { Resource } from '../registry/resource.ts';
import type { AdmissionAttributes } from './admission.ts';

/** Group, version, resource and kind under which a request is told of. */
export interface Target {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  /** Undefined where there is no object that could be converted. */
  readonly served?: Resource;
}

/** Under which the request was made. */
export function requestTarget({ requested, group, version, resource, kind, subresource }: AdmissionAttributes): Target {
  if (!requested) return { group, version, resource, kind };
  const { info } = requested;
  // Parts of objects that are kinds of their own are not converted.
  const isObject = kind === requested.hub.kind || subresource === '' || subresource === 'status';
  return {
    group: info.group,
    version: info.version,
    resource: info.resource,
    kind: isObject ? info.kind : kind,
    ...(isObject ? { served: requested } : {}),
  };
}

/** The object in the target's version; the very one where that is its own. */
export function inVersion<T extends KubeObject | undefined>(
  { requested }: AdmissionAttributes,
  { served }: Target,
  object: T,
): T | Promise<T> {
  if (!object || !served || !requested) return object;
  if (!served.custom) return served.fromHub(object) as T;
  if (served === requested || !requested.custom) return object;
  return first(requested.custom.convert([object], served.apiVersion)) as T | Promise<T>;
}

/**
 * An object that somebody made in the target's version, decoded, with its defaults, as the attributes have it.
 * @param strict whether unknown fields are refused rather than dropped
 * @throws StatusError 500 for what is no object of the kind
 */
export function fromVersion(
  attributes: AdmissionAttributes,
  { served, kind }: Target,
  object: unknown,
  strict = false,
): KubeObject | Promise<KubeObject> {
  if (!served || kind !== served.kind) return object as KubeObject;
  const whole = defaulted(served, object, strict);
  const { requested } = attributes;
  if (!served.custom) return served.toHub(whole);
  if (served === requested || !requested?.custom) return whole;
  return first(requested.custom.convert([whole], requested.apiVersion));
}

function defaulted(served: Resource, object: unknown, strict: boolean): KubeObject {
  const { kind, apiVersion, ...rest } = decoded(served, object, strict);
  const whole = { kind: kind ?? served.kind, apiVersion: apiVersion ?? served.apiVersion, ...rest } as KubeObject;
  served.applyDefaults(whole);
  return whole;
}

function decoded({ decoder }: Resource, object: unknown, strict: boolean): Partial<KubeObject> {
  const report = new DecodeReport();
  try {
    const result = decoder.decode(object, report);
    if (strict && report.strictErrors.length > 0) {
      throw statusErrors.internal(`strict decoding error: ${report.strictErrors.join(', ')}`);
    }
    return result;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw statusErrors.internal(error.message);
  }
}

function first(objects: readonly KubeObject[] | Promise<readonly KubeObject[]>): KubeObject | Promise<KubeObject> {
  const one = ([object]: readonly KubeObject[]): KubeObject => {
    if (!object) throw statusErrors.internal('a conversion gave no object');
    return object;
  };
  return objects instanceof Promise ? objects.then(one) : one(objects);
}

/** Whoever holds the object sees what became of it. */
export function replaceObject(object: KubeObject, by: KubeObject): void {
  for (const key of Object.keys(object)) Reflect.deleteProperty(object, key);
  Object.assign(object, by);
}
