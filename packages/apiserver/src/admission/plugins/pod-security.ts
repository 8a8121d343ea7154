/**
 * Holds Pods against the Pod Security Standards that their namespace's labels name: refuses, or warns
 * (upstream: staging/src/k8s.io/pod-security-admission/admission, plugin/pkg/admission/security/podsecurity).
 */
import { type KubeObject, type Namespace, type Pod, type PodTemplateSpec, statusErrors } from '@regatta/api';
import { NAMESPACES, PODS } from '../../auth/resource-refs.ts';
import type { ServerContext } from '../../server/context.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionForbidden } from '../admission-error.ts';
import { objectsIn } from '../current-objects.ts';
import type { CheckedPod, Violation } from '../pod-security/checked-pod.ts';
import { violationsOf } from '../pod-security/evaluate.ts';
import { isSameLevel, isStricter, type LevelVersion, levelText, policyOf } from '../pod-security/policy.ts';

/** Subresources of Pods that can't change what the checks look at. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status'],
]);
/** How many Pods are looked at when a namespace becomes stricter. */
const MOST_PODS = 3000;
const SECCOMP_POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';

/** Where the kinds that make Pods keep what they make them of. */
const TEMPLATES: ReadonlyMap<string, (object: KubeObject) => PodTemplateSpec | undefined> = new Map([
  ['/podtemplates', (object) => (object as { template?: PodTemplateSpec }).template],
  ...['/replicationcontrollers', 'apps/replicasets', 'apps/deployments', 'apps/statefulsets', 'apps/daemonsets'].map(
    (name) => [name, templateOfSpec] as const,
  ),
  ['batch/jobs', templateOfSpec],
  ['batch/cronjobs', (object) => (object as CronJobLike).spec?.jobTemplate?.spec?.template],
]);

type WorkloadLike = KubeObject & { readonly spec?: { readonly template?: PodTemplateSpec } };
type CronJobLike = KubeObject & {
  readonly spec?: { readonly jobTemplate?: { readonly spec?: { readonly template?: PodTemplateSpec } } };
};

function templateOfSpec(object: KubeObject): PodTemplateSpec | undefined {
  return (object as WorkloadLike).spec?.template;
}

export class PodSecurity implements AdmissionPlugin {
  readonly name = 'PodSecurity';

  constructor(private readonly server: Pick<ServerContext, 'get' | 'storage'>) {}

  handles({ group, resource, subresource, operation }: AdmissionAttributes): boolean {
    if (operation !== 'CREATE' && operation !== 'UPDATE') return false;
    if (group === '' && resource === 'namespaces') return subresource === '';
    if (group === '' && resource === 'pods') return !HARMLESS.has(subresource);
    return subresource === '' && TEMPLATES.has(`${group}/${resource}`);
  }

  validate(attributes: AdmissionAttributes): void {
    const { object, resource, group } = attributes;
    if (!object) return;
    if (group === '' && resource === 'namespaces') return this.#namespace(attributes, object as Namespace);
    const { policy } = policyOf(this.server.get(NAMESPACES, '', attributes.namespace)?.metadata.labels);
    if (group === '' && resource === 'pods') {
      const pod = object as Pod;
      if (attributes.operation === 'UPDATE' && !changesWhatIsChecked(pod, attributes.oldObject as Pod)) return;
      const found = violationsOf(policy.enforce, pod);
      if (found.length > 0) {
        throw admissionForbidden(attributes, `violates PodSecurity "${levelText(policy.enforce)}": ${details(found)}`);
      }
      return warn(attributes, policy.warn, pod);
    }
    const template = TEMPLATES.get(`${group}/${resource}`)?.(object);
    if (template?.spec) warn(attributes, policy.warn, { metadata: template.metadata ?? {}, spec: template.spec });
  }

  /** Labels must make sense; Pods that a stricter level would not let in are told of, and stay. */
  #namespace(attributes: AdmissionAttributes, namespace: Namespace): void {
    const { policy, errors } = policyOf(namespace.metadata.labels);
    const before = policyOf(attributes.oldObject?.metadata.labels);
    const { name } = namespace.metadata;
    if (errors.length > 0 && (attributes.operation === 'CREATE' || before.errors.length === 0)) {
      throw statusErrors.invalid('', 'Namespace', name, [...errors]);
    }
    if (attributes.operation === 'CREATE') return;
    const [now, then] = [policy.enforce, before.policy.enforce];
    if (isSameLevel(now, then) || now.level === 'privileged') return;
    if (now.minor === then.minor && !isStricter(now.level, then.level)) return;
    for (const warning of this.#warningsAbout(name, now)) attributes.warn(warning);
  }

  #warningsAbout(namespace: string, level: LevelVersion): string[] {
    const pods = objectsIn(this.server.storage, PODS, namespace);
    const byReason = new Map<string, string[]>();
    for (const pod of pods.slice(0, MOST_PODS)) {
      const found = violationsOf(level, pod);
      if (found.length === 0) continue;
      const reasons = found.map(({ reason }) => reason).join(', ');
      byReason.set(reasons, [...(byReason.get(reasons) ?? []), pod.metadata.name]);
    }
    const warnings: string[] = [];
    if (pods.length > MOST_PODS) {
      warnings.push(
        `new PodSecurity enforce level only checked against the first ${MOST_PODS} of ${pods.length} existing pods`,
      );
    }
    if (byReason.size > 0) {
      warnings.push(
        `existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${levelText(level)}"`,
      );
    }
    const lines = [...byReason].map(([reasons, names]) => `${firstAndMore(names)}: ${reasons}`);
    return [...warnings, ...lines.sort()];
  }
}

function firstAndMore(names: readonly string[]): string {
  const [first = ''] = [...names].sort();
  if (names.length === 1) return first;
  return `${first} (and ${names.length - 1} other ${names.length === 2 ? 'pod' : 'pods'})`;
}

function warn(attributes: AdmissionAttributes, level: LevelVersion, pod: CheckedPod): void {
  const found = violationsOf(level, pod);
  if (found.length > 0) attributes.warn(`would violate PodSecurity "${levelText(level)}": ${details(found)}`);
}

/** `reason (detail), reason (detail)` */
function details(found: readonly Violation[]): string {
  return found.map(({ reason, detail }) => `${reason} (${detail})`).join(', ');
}

/** An update of a Pod can change images, ephemeral containers and old annotations, of all that the checks look at. */
function changesWhatIsChecked(pod: Pod, old: Pod): boolean {
  const [now, then] = [pod.metadata.annotations, old.metadata.annotations];
  if (now?.[SECCOMP_POD_ANNOTATION] !== then?.[SECCOMP_POD_ANNOTATION]) return true;
  const images = ({ spec }: Pod): string =>
    JSON.stringify(
      [spec.containers, spec.initContainers, spec.ephemeralContainers].map((list) =>
        (list ?? []).map(({ name, image }) => [name, image]),
      ),
    );
  return images(pod) !== images(old);
}
