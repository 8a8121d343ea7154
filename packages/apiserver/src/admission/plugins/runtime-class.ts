/**
 * A Pod takes over what its RuntimeClass says: what the sandbox costs, where it can run
 * (upstream: plugin/pkg/admission/runtimeclass/admission.go).
 */
import { type Pod, Quantity, type ResourceRef, type RuntimeClass, type Toleration } from '@regatta/api';
import type { ServerContext } from '../../server/context.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionForbidden, isMain } from '../admission-error.ts';

const RUNTIME_CLASSES: ResourceRef<RuntimeClass> = {
  group: 'node.k8s.io',
  version: 'v1',
  resource: 'runtimeclasses',
  kind: 'RuntimeClass',
  namespaced: false,
};

type Overhead = Readonly<Record<string, string>> | undefined;

export class RuntimeClassPlugin implements AdmissionPlugin {
  readonly name = 'RuntimeClass';

  constructor(private readonly server: Pick<ServerContext, 'get'>) {}

  handles(attributes: AdmissionAttributes): boolean {
    return attributes.operation === 'CREATE' && isMain(attributes, '', 'pods');
  }

  admit(attributes: AdmissionAttributes): void {
    const { spec } = attributes.object as Pod;
    const runtimeClass = this.#classOf(attributes);
    const fixed = runtimeClass?.overhead?.podFixed;
    if (runtimeClass?.overhead) {
      if (spec.overhead !== undefined && !sameQuantities(spec.overhead, fixed)) throw mismatch(attributes);
      if (fixed) spec.overhead = { ...fixed };
    }
    const { nodeSelector = {}, tolerations = [] } = runtimeClass?.scheduling ?? {};
    if (!runtimeClass?.scheduling) return;
    const wanted = { ...spec.nodeSelector };
    for (const [key, value] of Object.entries(nodeSelector)) {
      const own = Object.hasOwn(wanted, key) ? wanted[key] : undefined;
      if (own !== undefined && own !== value) {
        const why = `runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`;
        throw admissionForbidden(attributes, `conflict: ${why}`);
      }
      wanted[key] = value;
    }
    if (Object.keys(wanted).length > 0) spec.nodeSelector = wanted;
    const merged = mergeTolerations(spec.tolerations ?? [], tolerations);
    if (merged.length > 0) spec.tolerations = merged;
  }

  validate(attributes: AdmissionAttributes): void {
    const { overhead } = (attributes.object as Pod).spec;
    const allowed = this.#classOf(attributes)?.overhead;
    if (allowed) {
      if (!sameQuantities(overhead, allowed.podFixed)) throw mismatch(attributes);
    } else if (overhead !== undefined) {
      const why = 'Pod Overhead set without corresponding RuntimeClass defined Overhead';
      throw admissionForbidden(attributes, `pod rejected: ${why}`);
    }
  }

  #classOf(attributes: AdmissionAttributes): RuntimeClass | undefined {
    const { runtimeClassName } = (attributes.object as Pod).spec;
    if (runtimeClassName === undefined) return undefined;
    const found = this.server.get(RUNTIME_CLASSES, '', runtimeClassName);
    if (found) return found;
    throw admissionForbidden(attributes, `pod rejected: RuntimeClass "${runtimeClassName}" not found`);
  }
}

function mismatch(attributes: AdmissionAttributes) {
  return admissionForbidden(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
}

function sameQuantities(a: Overhead = {}, b: Overhead = {}): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) => Object.hasOwn(b, key) && Quantity.parse(a[key] ?? '').cmp(Quantity.parse(b[key] ?? '')) === 0,
  );
}

/** Of tolerations where one says all that the other says, the wider one stays (upstream: pkg/util/tolerations). */
function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...second, ...first];
  return all.filter(
    (toleration, i) =>
      !all.some((other, j) => j !== i && covers(other, toleration) && !(covers(toleration, other) && j > i)),
  );
}

function covers(wide: Toleration, narrow: Toleration): boolean {
  const { operator = 'Equal', key = '', value = '', effect = '', tolerationSeconds } = wide;
  if (key !== '' && key !== (narrow.key ?? '')) return false;
  if (key === '' && operator !== 'Exists') return false;
  if (effect !== '' && effect !== (narrow.effect ?? '')) return false;
  if (tolerationSeconds !== undefined && (narrow.tolerationSeconds ?? Number.POSITIVE_INFINITY) > tolerationSeconds) {
    return false;
  }
  if (operator === 'Exists') return true;
  return (narrow.operator ?? 'Equal') === 'Equal' && (narrow.value ?? '') === value;
}
