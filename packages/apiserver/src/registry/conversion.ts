/**
 * From the version that a request speaks to the version under which a resource is stored, the hub, and back.
 *
 * Most kinds look alike in all versions of their group: only apiVersion changes. Those that differ have a converter here.
 *
 * Invariant: a converter never changes its argument.
 */
import type { KubeObject } from '@regatta/api';
import { claimConversion, claimTemplateConversion, sliceConversion } from './device-conversion.ts';
import { eventsConversion } from './event-conversion.ts';
import { hpaConversion } from './hpa-conversion.ts';

export interface Conversion {
  /** Nothing but apiVersion differs: what is the hub's holds here. */
  readonly sameShape?: true;
  /** Defaults of a version that looks different. Idempotent. */
  applyDefaults?(object: KubeObject): void;
  toHub(object: KubeObject): KubeObject;
  fromHub(object: KubeObject): KubeObject;
  /** What field selectors of this version may name → the hub's names, where they differ. */
  readonly fieldNames?: ReadonlyMap<string, string>;
}

/** A conversion that only names another version. */
export function relabel(apiVersion: string, hubVersion: string): Conversion {
  return {
    sameShape: true,
    toHub: (object) => ({ ...object, apiVersion: hubVersion }),
    fromHub: (object) => ({ ...object, apiVersion }),
  };
}

/** By `group/version/Kind` of what is not the hub. */
const CONVERSIONS: ReadonlyMap<string, Conversion> = new Map([
  ['events.k8s.io/v1/Event', eventsConversion],
  ['autoscaling/v1/HorizontalPodAutoscaler', hpaConversion],
  ['resource.k8s.io/v1beta1/ResourceClaim', claimConversion],
  ['resource.k8s.io/v1beta1/ResourceClaimTemplate', claimTemplateConversion],
  ['resource.k8s.io/v1beta1/ResourceSlice', sliceConversion],
]);

export function conversionOf(apiVersion: string, kind: string, hubVersion: string): Conversion {
  return CONVERSIONS.get(`${apiVersion}/${kind}`) ?? relabel(apiVersion, hubVersion);
}
