/**
 * resource.k8s.io/v1beta1 is flatter than v1 where claims ask for devices, and deeper where slices describe them
 * (upstream: pkg/apis/resource/v1beta1/conversion.go).
 */
import type { KubeObject } from '@regatta/api';
import type { Conversion } from './conversion.ts';

type Fields = Readonly<Record<string, unknown>>;

const HUB = 'resource.k8s.io/v1';
const FLAT = 'resource.k8s.io/v1beta1';
/** What a request for one kind of device says; under `exactly` in the hub. */
const EXACT = ['deviceClassName', 'selectors', 'allocationMode', 'count', 'adminAccess', 'tolerations', 'capacity'];

/** The value at a path through objects, replaced; unchanged where the path leads nowhere. */
function change(value: unknown, [step, ...rest]: readonly string[], by: (value: Fields) => Fields): unknown {
  if (Array.isArray(value)) return value.map((item) => change(item, step === undefined ? [] : [step, ...rest], by));
  if (!isFields(value)) return value;
  if (step === undefined) return by(value);
  return Object.hasOwn(value, step) ? { ...value, [step]: change(value[step], rest, by) } : value;
}

function conversion(
  path: readonly string[],
  toHub: (item: Fields) => Fields,
  fromHub: typeof toHub,
  applyDefault?: (item: Fields) => Fields,
): Conversion {
  const converted = (object: KubeObject, apiVersion: string, by: typeof toHub): KubeObject => ({
    ...(change(object, path, by) as KubeObject),
    apiVersion,
  });
  return {
    ...(applyDefault
      ? { applyDefaults: (object) => void Object.assign(object, change(object, path, applyDefault)) }
      : {}),
    toHub: (object) => converted(object, HUB, toHub),
    fromHub: (object) => converted(object, FLAT, fromHub),
  };
}

function nested(request: Fields): Fields {
  const own = Object.entries(request).filter(([key, value]) => EXACT.includes(key) && value !== undefined);
  const rest = Object.fromEntries(Object.entries(request).filter(([key]) => !EXACT.includes(key)));
  return own.length > 0 ? { ...rest, exactly: { deviceClassName: '', ...Object.fromEntries(own) } } : rest;
}

function flattened({ exactly, ...request }: Fields): Fields {
  return isFields(exactly) ? { ...request, ...exactly } : request;
}

function withoutBasic({ basic, ...device }: Fields): Fields {
  return isFields(basic) ? { ...device, ...basic } : device;
}

function withBasic({ name, ...basic }: Fields): Fields {
  return { name, basic };
}

/** A request that names no class has alternatives, or is wrong. */
function defaulted(request: Fields): Fields {
  const { firstAvailable: alternatives } = request;
  const own = request['deviceClassName'] ? withMode(request) : request;
  return Array.isArray(alternatives) ? { ...own, firstAvailable: alternatives.map(withMode) } : own;
}

function withMode(request: Fields): Fields {
  const allocationMode = request['allocationMode'] || 'ExactCount';
  const count = allocationMode === 'ExactCount' ? request['count'] || 1 : request['count'];
  return { ...request, allocationMode, ...(count === undefined ? {} : { count }) };
}

export const claimConversion: Conversion = conversion(['spec', 'devices', 'requests'], nested, flattened, defaulted);
export const claimTemplateConversion: Conversion = conversion(
  ['spec', 'spec', 'devices', 'requests'],
  nested,
  flattened,
  defaulted,
);
export const sliceConversion: Conversion = conversion(['spec', 'devices'], withoutBasic, withBasic);

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
