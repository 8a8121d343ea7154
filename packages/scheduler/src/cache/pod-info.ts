/**
 * A Pod with what scheduling asks of it again and again, computed once (upstream: pkg/scheduler/framework PodInfo).
 */
import { keyOf, type LabelMatcher, labelSelectorFrom, type Pod, type PodAffinityTerm } from '@regatta/api';
import { podRequests, type Resources } from './resources.ts';

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

export interface AffinityTerm {
  readonly matcher: LabelMatcher;
  readonly topologyKey: string;
  /** Namespaces it looks at, by name. */
  readonly namespaces: ReadonlySet<string>;
  /** Namespaces it looks at, by label. */
  readonly namespaceMatcher: LabelMatcher | undefined;
  /** 1 to 100 for preferred terms, 0 for required ones. */
  readonly weight: number;
}

export interface AffinityTerms {
  readonly required: readonly AffinityTerm[];
  readonly preferred: readonly AffinityTerm[];
}

const NO_TERMS: AffinityTerms = { required: [], preferred: [] };
const NO_PORTS: readonly HostPort[] = [];

export class PodInfo {
  /** The API's newest state of it: what the fields below are computed from has not changed since. */
  pod: Pod;
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly requests: Resources;
  /** With a least amount for containers that request nothing: for scores only. */
  readonly nonZeroRequests: Resources;
  readonly hostPorts: readonly HostPort[];
  readonly affinity: AffinityTerms;
  readonly antiAffinity: AffinityTerms;

  constructor(pod: Pod) {
    this.pod = pod;
    this.key = keyOf(pod);
    this.uid = pod.metadata.uid ?? this.key;
    this.namespace = pod.metadata.namespace ?? '';
    this.labels = pod.metadata.labels ?? {};
    this.priority = pod.spec.priority ?? 0;
    this.requests = podRequests(pod, false);
    this.nonZeroRequests = podRequests(pod, true);
    this.hostPorts = hostPortsOf(pod);
    const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
    this.affinity = podAffinity ? termsOf(podAffinity, this) : NO_TERMS;
    this.antiAffinity = podAntiAffinity ? termsOf(podAntiAffinity, this) : NO_TERMS;
  }

  get hasPodAffinity(): boolean {
    return this.affinity !== NO_TERMS || this.antiAffinity !== NO_TERMS;
  }
}

/** Whether a term of some Pod selects `target`. `namespaceLabels` are those of the target's namespace. */
export function termSelects(
  term: AffinityTerm,
  target: PodInfo,
  namespaceLabels: (namespace: string) => Readonly<Record<string, string>> | undefined,
): boolean {
  const inNamespace =
    term.namespaces.has(target.namespace) ||
    (term.namespaceMatcher?.matches(namespaceLabels(target.namespace)) ?? false);
  return inNamespace && term.matcher.matches(target.labels);
}

function hostPortsOf(pod: Pod): readonly HostPort[] {
  let ports: HostPort[] | undefined;
  const sidecars = pod.spec.initContainers?.filter((container) => container.restartPolicy === 'Always') ?? [];
  for (const container of [...pod.spec.containers, ...sidecars]) {
    for (const { hostPort, hostIP, protocol } of container.ports ?? []) {
      if (!hostPort) continue;
      ports ??= [];
      ports.push({ ip: hostIP || '0.0.0.0', protocol: protocol ?? 'TCP', port: hostPort });
    }
  }
  return ports ?? NO_PORTS;
}

interface Affinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodAffinityTerm[];
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly {
    readonly weight: number;
    readonly podAffinityTerm: PodAffinityTerm;
  }[];
}

function termsOf(affinity: Affinity, pod: PodInfo): AffinityTerms {
  return {
    required: (affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => termOf(term, pod, 0)),
    preferred: (affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ weight, podAffinityTerm }) =>
      termOf(podAffinityTerm, pod, weight),
    ),
  };
}

/** Without namespaces of its own a term looks at the Pod's; an empty namespaceSelector means all. */
function termOf(term: PodAffinityTerm, pod: PodInfo, weight: number): AffinityTerm {
  const named = term.namespaces ?? [];
  const own = named.length === 0 && term.namespaceSelector === undefined;
  return {
    matcher: labelSelectorFrom(term.labelSelector),
    topologyKey: term.topologyKey,
    namespaces: new Set(own ? [pod.namespace] : named),
    namespaceMatcher: term.namespaceSelector && labelSelectorFrom(term.namespaceSelector),
    weight,
  };
}
