/**
 * Resolves a Pod's PriorityClass to its priority, and keeps the default class the only one
 * (upstream: plugin/pkg/admission/priority/admission.go).
 */
import type { Pod, PriorityClass } from '@regatta/api';
import { PRIORITY_CLASSES } from '../../auth/resource-refs.ts';
import type { ServerContext } from '../../server/context.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionForbidden, isMain } from '../admission-error.ts';
import { currentObjects } from '../current-objects.ts';

const LOWER_PRIORITY = 'PreemptLowerPriority';

export class PriorityPlugin implements AdmissionPlugin {
  readonly name = 'Priority';

  constructor(private readonly server: Pick<ServerContext, 'get' | 'storage'>) {}

  handles(attributes: AdmissionAttributes): boolean {
    if (attributes.operation !== 'CREATE' && attributes.operation !== 'UPDATE') return false;
    return isMain(attributes, '', 'pods') || isMain(attributes, PRIORITY_CLASSES.group, PRIORITY_CLASSES.resource);
  }

  admit(attributes: AdmissionAttributes): void {
    if (attributes.resource !== 'pods') return;
    const pod = attributes.object as Pod;
    if (attributes.operation === 'CREATE') this.#resolve(attributes, pod);
    else keepPriority(pod, attributes.oldObject as Pod);
  }

  validate(attributes: AdmissionAttributes): void {
    if (attributes.resource !== PRIORITY_CLASSES.resource) return;
    const wanted = attributes.object as PriorityClass;
    if (!wanted.globalDefault) return;
    const standing = this.#defaultClass();
    if (!standing || standing.metadata.name === wanted.metadata.name) return;
    throw admissionForbidden(
      attributes,
      `PriorityClass ${standing.metadata.name} is already marked as default. Only one default can exist`,
    );
  }

  #resolve(attributes: AdmissionAttributes, pod: Pod): void {
    const { spec } = pod;
    const found = spec.priorityClassName
      ? this.server.get(PRIORITY_CLASSES, '', spec.priorityClassName)
      : this.#defaultClass();
    if (spec.priorityClassName && !found) {
      throw admissionForbidden(attributes, `no PriorityClass with name ${spec.priorityClassName} was found`);
    }
    const priority = found?.value ?? 0;
    const policy = found?.preemptionPolicy ?? LOWER_PRIORITY;
    if (spec.priority !== undefined && spec.priority !== priority) {
      throw admissionForbidden(
        attributes,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`,
      );
    }
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
      throw admissionForbidden(
        attributes,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
      );
    }
    if (found && !spec.priorityClassName) spec.priorityClassName = found.metadata.name;
    spec.priority = priority;
    spec.preemptionPolicy = policy;
  }

  /** Of several (a race), the one of lowest value. */
  #defaultClass(): PriorityClass | undefined {
    return currentObjects(this.server.storage, PRIORITY_CLASSES)
      .filter((found) => found.globalDefault)
      .sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0];
  }
}

/** Clients that don't know these fields drop them on an update. */
function keepPriority(pod: Pod, old: Pod): void {
  if (pod.spec.priority === undefined && old.spec.priority !== undefined) pod.spec.priority = old.spec.priority;
  if (pod.spec.preemptionPolicy === undefined && old.spec.preemptionPolicy !== undefined) {
    pod.spec.preemptionPolicy = old.spec.preemptionPolicy;
  }
}
