/**
 * Which labels a node may set on itself (upstream: staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go and
 * plugin/pkg/admission/noderestriction): its own well-known ones and any outside Kubernetes' namespaces.
 */
const KUBELET_LABELS = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
]);
const KUBELET_NAMESPACES = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
const KUBERNETES_NAMESPACES = ['kubernetes.io', 'k8s.io'];
const RESTRICTED_NAMESPACES = ['node-restriction.kubernetes.io'];

type Labels = Readonly<Record<string, string>>;

/** Labels that differ and that a node may not touch, sorted. */
export function forbiddenNodeLabels(labels: Labels = {}, old: Labels = {}): string[] {
  const modified = new Set([...Object.keys(labels), ...Object.keys(old)].filter((key) => labels[key] !== old[key]));
  return [...modified].filter(isForbidden).sort();
}

function isForbidden(label: string): boolean {
  if (isIn(label, RESTRICTED_NAMESPACES)) return true;
  return isIn(label, KUBERNETES_NAMESPACES) && !KUBELET_LABELS.has(label) && !isIn(label, KUBELET_NAMESPACES);
}

function isIn(label: string, namespaces: readonly string[]): boolean {
  const slash = label.indexOf('/');
  const namespace = slash < 0 ? '' : label.slice(0, slash);
  return namespaces.some((own) => namespace === own || namespace.endsWith(`.${own}`));
}
